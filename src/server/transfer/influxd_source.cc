// The directory of a stopped InfluxDB as a source: shard by shard, series by series.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/base64.h"
#include "base/json.h"
#include "model/field_text.h"
#include "model/series_key.h"
#include "server/transfer/import_source.h"
#include "store/influxd/directory.h"

namespace weir::server {
namespace {

namespace influxd = store::influxd;

struct ShardPlace {
  std::string bucket;  // at the target
  std::string origin;  // "DATABASE/POLICY shard 7"
  influxd::ShardPaths paths;
};

class InfluxdFiles final : public ImportSource {
 public:
  InfluxdFiles(std::vector<ShardPlace> shards, ImportRange range,
               std::function<void(std::string)> note, Rejects& rejects)
      : shards_(std::move(shards)), range_(range), note_(std::move(note)), rejects_(rejects) {}

  Result<void> resume(const std::string& position) override {
    WEIR_TRY(const Json at, parse_json(position));
    if (!at.is_object()) return Error{Errc::invalid, "the position is damaged"};
    const std::string origin = at.value("shard", "");
    const auto place = std::find_if(shards_.begin(), shards_.end(), [&](const ShardPlace& shard) {
      return shard.origin == origin;
    });
    if (place == shards_.end()) return Error{Errc::invalid, "the shard is gone"};
    next_shard_ = static_cast<size_t>(place - shards_.begin());
    WEIR_CHECK(open_next());
    stored_series_ = decode_base64(at.value("series", "")).value_or("");
    if (!stored_series_.empty()) shard_->skip_series(stored_series_);
    return {};
  }

  // A batch ends with its shard, so that its position names one.
  Result<bool> next(LineBatch& batch) override {
    batch = {};
    for (;;) {
      if (!shard_) {
        if (next_shard_ == shards_.size()) return false;
        WEIR_CHECK(open_next());
      }
      const ShardPlace& place = shards_[next_shard_ - 1];
      batch.bucket = place.bucket;
      batch.origin = place.origin;
      fill(batch);
      if (!batch.lines.empty()) {
        batch.position =
            dump_json(Json{{"shard", place.origin}, {"series", base64(stored_series_)}});
        return true;
      }
    }
  }

  double progress() const override {
    if (shards_.empty()) return 1;
    const double here = shard_ ? shard_->progress() - 1 : 0;
    return (static_cast<double>(next_shard_) + here) / static_cast<double>(shards_.size());
  }

 private:
  Result<void> open_next() {
    const ShardPlace& place = shards_[next_shard_++];
    WEIR_TRY(shard_, influxd::Shard::open(place.paths, {range_.start_ns, range_.stop_ns}, note_));
    stored_series_.clear();
    completed_.clear();
    in_group_ = false;
    return {};
  }

  void fill(LineBatch& batch) {
    for (size_t lines = 0; lines < kBatchLinesMax && batch.lines.size() < kBatchBytesMax;) {
      if (!in_group_) {
        if (!shard_->next_group()) return shard_.reset();
        in_group_ = true;
        begin_group();
      }
      const influxd::Row* row = shard_->next_row();
      if (row == nullptr) {
        in_group_ = false;
        // A wide series comes in several groups: only the last of them completes it, and the next
        // series is what tells. Resuming repeats a group rather than losing one.
        completed_ = shard_->stored_series();
        continue;
      }
      lines += append(batch, *row) ? 1 : 0;
    }
  }

  void begin_group() {
    if (!completed_.empty() && completed_ != shard_->stored_series()) stored_series_ = completed_;
    auto key = model::parse_series_key(shard_->series());
    reason_ = key.ok() ? "" : key.error().message;
    if (shard_->series().find('\n') != std::string_view::npos) reason_ = "line break in a name";
  }

  bool append(LineBatch& batch, const influxd::Row& row) {
    std::string fields, bad_field;
    for (const influxd::RowField& field : row.fields) {
      const bool is_float = field.value.type() == model::FieldType::float64;
      if (is_float && !std::isfinite(field.value.as_float())) {
        bad_field = field.name;
        continue;
      }
      if (!fields.empty()) fields.push_back(',');
      model::append_escaped_tag(fields, field.name);
      fields.push_back('=');
      model::append_value(fields, field.value);
    }
    char digits[24];
    const std::string_view time(
        digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, row.time_ns).ptr -
                                    digits));
    const std::string line = fmt::format("{} {} {}\n", shard_->series(), fields, time);
    if (!bad_field.empty()) {
      rejects_.add(batch.origin, 0, "a number that line protocol does not have (NaN or infinity)",
                   fmt::format("# {} {} {}", shard_->series(), bad_field, time));
    }
    if (!reason_.empty()) {
      rejects_.add(batch.origin, 0, reason_, line);
      return false;
    }
    if (!fields.empty()) batch.lines += line;
    return !fields.empty();
  }

  std::vector<ShardPlace> shards_;
  ImportRange range_;
  std::function<void(std::string)> note_;
  Rejects& rejects_;
  size_t next_shard_ = 0;
  std::unique_ptr<influxd::Shard> shard_;  // shards_[next_shard_ - 1]
  bool in_group_ = false;
  std::string completed_;      // the series of the last group that ended
  std::string stored_series_;  // the last series that is complete
  std::string reason_;         // why this series cannot be a line; empty: it can
};

}  // namespace

Result<InfluxdSource> open_influxd(const std::string& path, const InfluxdSelection& selection,
                                   ImportRange range, std::function<void(std::string)> note,
                                   Rejects& rejects) {
  WEIR_TRY(influxd::Directory directory, influxd::look_into(path));
  for (std::string& text : directory.notes) note(std::move(text));
  std::string names;
  for (const influxd::SourceBucket& bucket : directory.buckets) {
    names += (names.empty() ? "" : ", ") + bucket.name;
  }
  for (const std::string& wanted : selection.from) {
    const bool exists = std::any_of(directory.buckets.begin(), directory.buckets.end(),
                                    [&](const auto& bucket) { return bucket.name == wanted; });
    if (exists) continue;
    return Error{Errc::not_found,
                 fmt::format("--from: {} has no {}, it has: {}", path, wanted, names)};
  }
  InfluxdSource opened;
  opened.version = directory.version;
  std::vector<ShardPlace> shards;
  for (influxd::SourceBucket& bucket : directory.buckets) {
    const bool is_wanted = selection.from.empty() ||
                           std::find(selection.from.begin(), selection.from.end(), bucket.name) !=
                               selection.from.end();
    if (!is_wanted) continue;
    const std::string& target = selection.bucket.empty() ? bucket.name : selection.bucket;
    opened.buckets.push_back({bucket.name, target, bucket.retention_ns, bucket.shards.size()});
    for (influxd::SourceShard& shard : bucket.shards) {
      shards.push_back(
          {target, fmt::format("{} shard {}", bucket.name, shard.id), std::move(shard.paths)});
    }
  }
  if (!selection.bucket.empty() && opened.buckets.size() > 1) {
    return Error{Errc::invalid,
                 fmt::format("--bucket: {} holds several: {}; say which one with --from, or leave "
                             "--bucket out to give each its own",
                             path, names)};
  }
  opened.source =
      std::make_unique<InfluxdFiles>(std::move(shards), range, std::move(note), rejects);
  return opened;
}

}  // namespace weir::server
