// `weir import`: line protocol, annotated CSV or a stopped InfluxDB's files into a running server.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>

#include "base/clock.h"
#include "base/file.h"
#include "base/time_text.h"
#include "server/commands/commands.h"
#include "server/transfer/import_source.h"
#include "server/transfer/import_state.h"
#include "server/transfer/progress.h"
#include "server/transfer/target_buckets.h"
#include "server/transfer/uploader.h"

namespace weir::server {
namespace {

// A break loses no more than this much work; the file is small.
constexpr auto kSaveEvery = std::chrono::milliseconds(200);

struct SourcePart {
  std::string name;
  std::unique_ptr<ImportSource> source;
};

bool is_csv(const ImportArguments& arguments, const std::string& path) {
  if (arguments.format != "auto") return arguments.format == "csv";
  return path.ends_with(".csv") || path.ends_with(".csv.gz");
}

model::Precision precision_of(const std::string& text) {
  if (text == "us") return model::Precision::us;
  if (text == "ms") return model::Precision::ms;
  return text == "s" ? model::Precision::s : model::Precision::ns;
}

Result<ImportRange> range_of(const ImportArguments& arguments) {
  ImportRange range;
  if (!arguments.start.empty()) {
    auto start = parse_rfc3339(arguments.start);
    if (!start.ok()) return std::move(start).error().with_context("--start");
    range.start_ns = *start;
  }
  if (!arguments.stop.empty()) {
    auto stop = parse_rfc3339(arguments.stop);
    if (!stop.ok()) return std::move(stop).error().with_context("--stop");
    range.stop_ns = *stop;
  }
  if (range.start_ns < range.stop_ns) return range;
  return Error{Errc::invalid, "--start: wanted a time before --stop"};
}

// One import from its arguments to its summary.
class Import {
 public:
  Import(ImportArguments arguments, ServerAccess access)
      : arguments_(std::move(arguments)),
        access_(std::move(access)),
        progress_("points", arguments_.quiet) {}

  Result<int> run() {
    WEIR_TRY(range_, range_of(arguments_));
    WEIR_CHECK(settle_paths());
    WEIR_CHECK(open_sources());
    WEIR_CHECK(settle_buckets());
    if (arguments_.dry_run) {
      uploader_.reset();
    } else {
      uploader_ = std::make_unique<Uploader>(UploadOptions{access_, arguments_.requests_in_flight},
                                             *rejects_);
    }
    check_ = std::make_unique<LineCheck>(range_, system_clock_now_ns(), *rejects_);
    auto done = transfer();
    progress_.finish();
    if (!done.ok()) {
      save_state();
      std::string message = done.error().message;
      if (!state_path_.empty()) message += "; run the same command again to go on from here";
      return Error{done.error().code, message};
    }
    if (!state_path_.empty() && system_file_system().exists(state_path_)) {
      WEIR_CHECK(system_file_system().remove(state_path_));
    }
    return summarize();
  }

 private:
  static int64_t system_clock_now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  // Names the state and the rejects after the first source, beside it.
  Result<void> settle_paths() {
    const bool has_files = !arguments_.files.empty();
    if (has_files == !arguments_.influxd.empty()) {
      if (has_files) return Error{Errc::invalid, "--influxd: wanted no files beside it"};
      if (::isatty(STDIN_FILENO) == 1) {
        return Error{Errc::empty_value,
                     "nothing to import: give files, --influxd DIRECTORY, or lines on standard "
                     "input"};
      }
      arguments_.files = {"-"};
    }
    std::string base = arguments_.influxd.empty() ? arguments_.files[0] : arguments_.influxd;
    while (base.size() > 1 && base.ends_with('/')) base.pop_back();
    const bool is_input = base == "-";
    state_path_ = arguments_.state;
    if (state_path_.empty() && !is_input) state_path_ = base + ".weir-import";
    if (arguments_.dry_run) state_path_.clear();
    std::string rejects = arguments_.rejects;
    if (rejects.empty()) rejects = (is_input ? "weir-import" : base) + ".rejects";
    if (arguments_.dry_run) rejects.clear();
    identity_ = identity();
    auto earlier = load_import_state(state_path_);
    if (earlier && earlier->identity == identity_ && arguments_.resume) {
      state_ = *earlier;
      progress_.say(fmt::format("going on after {} points, as {} says (--restart begins anew)",
                                grouped(state_.points), state_path_));
    }
    resumed_points_ = state_.points;
    state_.identity = identity_;
    rejects_ = std::make_unique<Rejects>(rejects, resumed_points_ > 0);
    return {};
  }

  std::string identity() const {
    std::string text = fmt::format("{} {} {} {} {}", access_.url, access_.organization,
                                   arguments_.bucket, range_.start_ns, range_.stop_ns);
    std::error_code ignored;
    for (const std::string& path : arguments_.files) {
      const auto size = std::filesystem::file_size(path, ignored);
      text += fmt::format(" {}:{}", path, ignored ? 0 : size);
    }
    if (!arguments_.influxd.empty()) text += " influxd:" + arguments_.influxd;
    for (const std::string& name : arguments_.from) text += " from:" + name;
    return text;
  }

  void note(std::string text) {
    notes_.push_back(text);
    progress_.say("weir: " + text);
  }

  Result<void> open_sources() {
    if (!arguments_.influxd.empty()) {
      WEIR_TRY(InfluxdSource opened,
               open_influxd(
                   arguments_.influxd, {arguments_.from, arguments_.bucket}, range_,
                   [this](std::string text) { note(std::move(text)); }, *rejects_));
      buckets_ = std::move(opened.buckets);
      parts_.push_back({arguments_.influxd, std::move(opened.source)});
      // What was assumed is told, what is damaged counts: nothing was read so far.
      notes_.clear();
      return {};
    }
    if (arguments_.bucket.empty()) {
      return Error{Errc::empty_value, "no bucket: give one with --bucket or INFLUXDB_BUCKET"};
    }
    buckets_.push_back({arguments_.bucket, arguments_.bucket, 0, 0});
    for (const std::string& path : arguments_.files) {
      auto opened = is_csv(arguments_, path) ? open_csv_file(path, arguments_.bucket, *rejects_)
                                             : open_line_file(path, arguments_.bucket,
                                                              precision_of(arguments_.precision));
      WEIR_TRY(auto source, std::move(opened));
      parts_.push_back({path, std::move(source)});
    }
    return {};
  }

  // Says what goes where; makes what is missing, if that was asked for.
  Result<void> settle_buckets() {
    if (!arguments_.influxd.empty() && !arguments_.quiet) {
      for (const InfluxdBucket& bucket : buckets_) {
        progress_.say(fmt::format(
            "{} -> bucket {}  ({} shards, kept {})", bucket.source, bucket.target, bucket.shards,
            bucket.retention_ns == 0 ? "for ever" : go_duration(bucket.retention_ns)));
      }
    }
    if (arguments_.dry_run) return {};
    auto listed = list_buckets(access_);
    if (!listed.ok()) return std::move(listed).error();
    std::set<std::string> existing;
    for (TargetBucket& bucket : *listed) existing.insert(std::move(bucket.name));
    for (const InfluxdBucket& bucket : buckets_) {
      if (!existing.insert(bucket.target).second) continue;
      if (!arguments_.create_buckets) {
        return Error{Errc::not_found,
                     fmt::format("{} has no bucket {}: make it, or give --create-buckets",
                                 access_.url, bucket.target)};
      }
      WEIR_CHECK(create_bucket(access_, {bucket.target, bucket.retention_ns}));
      progress_.say("made bucket " + bucket.target);
    }
    return {};
  }

  Result<void> transfer() {
    const uint64_t first = std::min<uint64_t>(state_.source, parts_.size());
    for (size_t i = first; i < parts_.size(); i++) {
      ImportSource& source = *parts_[i].source;
      if (i == first && !state_.position.empty()) {
        auto resumed = source.resume(state_.position);
        if (!resumed.ok()) {
          return Error{Errc::invalid, fmt::format("{}: cannot go on: {}; --restart begins anew",
                                                  state_path_, resumed.error().message)};
        }
      }
      WEIR_CHECK(transfer_source(i));
    }
    if (uploader_) WEIR_CHECK(uploader_->finish());
    return {};
  }

  Result<void> transfer_source(size_t i) {
    LineBatch batch;
    for (;;) {
      WEIR_TRY(const bool has_batch, parts_[i].source->next(batch));
      if (!has_batch) return {};
      check_->run(batch);
      points_read_ += batch.points;
      // The position tells its source as well: "1 {...}".
      batch.position = fmt::format("{} {}", i, batch.position);
      if (uploader_ && !uploader_->submit(std::move(batch))) return uploader_->finish();
      show_progress(i);
    }
  }

  void show_progress(size_t i) {
    const double here = parts_[i].source->progress();
    const double share =
        here < 0 ? -1 : (static_cast<double>(i) + here) / static_cast<double>(parts_.size());
    const UploadProgress sent = uploader_ ? uploader_->progress() : UploadProgress();
    progress_.update(uploader_ ? sent.points_stored : points_read_, share,
                     sent.is_waiting ? "the server is busy or away: trying again" : "");
    const auto now = std::chrono::steady_clock::now();
    if (now - saved_ < kSaveEvery) return;
    saved_ = now;
    save_state();
  }

  void save_state() {
    if (state_path_.empty() || !uploader_) return;
    const UploadProgress sent = uploader_->progress();
    if (sent.position.empty()) return;
    const size_t space = sent.position.find(' ');
    state_.source = std::strtoull(sent.position.c_str(), nullptr, 10);
    state_.position = sent.position.substr(space + 1);
    state_.points = resumed_points_ + sent.points_at_position;
    auto saved = save_import_state(state_path_, state_);
    if (saved.ok()) return;
    progress_.say(fmt::format("weir: {}; this import could not be continued: give --state PATH",
                              saved.error().message));
    state_path_.clear();
  }

  int summarize() const {
    const uint64_t stored = uploader_ ? uploader_->progress().points_stored : points_read_;
    const double seconds = std::max(progress_.seconds(), 0.001);
    fmt::print("{} {} points of {} series in {} ({} points/s)\n",
               arguments_.dry_run ? "would import" : "imported", grouped(stored),
               grouped(check_->series()), spelled_duration(seconds),
               grouped(static_cast<uint64_t>(static_cast<double>(stored) / seconds)));
    if (points_read_ > 0) {
      fmt::print("from {} to {}\n", rfc3339(check_->first_time_ns()),
                 rfc3339(check_->last_time_ns()));
    }
    if (rejects_->count() > 0) {
      fmt::print("refused {} lines{}\n", grouped(rejects_->count()),
                 rejects_->path().empty() ? ""
                 : rejects_->is_kept()    ? ": see " + rejects_->path()
                                          : ", and could not write " + rejects_->path());
      for (const auto& [reason, count] : rejects_->reasons()) {
        fmt::print("  {} x {}\n", grouped(count), reason);
      }
    }
    if (!notes_.empty()) fmt::print("{} damaged places were left out\n", grouped(notes_.size()));
    return rejects_->count() > 0 || !notes_.empty() ? 1 : 0;
  }

  ImportArguments arguments_;
  ServerAccess access_;
  Progress progress_;
  ImportRange range_;
  std::string state_path_, identity_;
  ImportState state_;
  uint64_t resumed_points_ = 0, points_read_ = 0;
  std::unique_ptr<Rejects> rejects_;
  std::vector<SourcePart> parts_;
  std::vector<InfluxdBucket> buckets_;
  std::vector<std::string> notes_;  // damage
  std::unique_ptr<Uploader> uploader_;
  std::unique_ptr<LineCheck> check_;
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

}  // namespace

int import_command(ImportArguments arguments, const Environment& environment) {
  ServerAccess access = complete_access(arguments.access, environment);
  if (arguments.bucket.empty() && arguments.influxd.empty()) {
    auto bucket = environment.first_of({"INFLUXDB_BUCKET", "DOCKER_INFLUXDB_INIT_BUCKET"});
    if (bucket) arguments.bucket = bucket->value;
  }
  auto code = Import(std::move(arguments), std::move(access)).run();
  return code.ok() ? *code : report(code.error());
}

}  // namespace weir::server
