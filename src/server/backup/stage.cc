#include "server/backup/stage.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/disk_files.h"
#include "base/file.h"
#include "base/log.h"
#include "base/wal_format.h"
#include "meta/meta.h"
#include "mqtt/broker.h"
#include "server/backup/manifest.h"
#include "server/backup/tar.h"
#include "server/version.h"
#include "store/engine/engine.h"

namespace weir::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStage = "/backup.stage";
constexpr const char* kDatabase = "/weir.sqlite";

// Names below a directory, sorted.
Result<std::vector<std::string>> names_below(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::recursive_directory_iterator it(directory, failure), end; !failure && it != end;
       it.increment(failure)) {
    if (it->is_regular_file(failure)) {
      names.push_back(it->path().lexically_relative(directory).string());
    }
  }
  if (failure) {
    return Error{Errc::io, fmt::format("cannot list {}: {}", directory, failure.message())};
  }
  std::sort(names.begin(), names.end());
  return names;
}

// RocksDB's own log of what it did, and its lock, say nothing of the data.
bool belongs_to_chunks(const std::string& name) {
  return name != "LOCK" && !name.starts_with("LOG") && !name.ends_with(".dbtmp");
}

// Takes what `wanted` picks of a directory whose files do not change. Tables are linked: nobody
// ever writes to one. The rest is copied, so that a store can be opened on it.
Result<void> take_directory(const std::string& from, const std::string& to,
                            bool (*wanted)(const std::string& name)) {
  FileSystem& files = system_file_system();
  WEIR_CHECK(files.create_directories(to));
  WEIR_TRY(const std::vector<std::string> names, files.list(from));
  for (const std::string& name : names) {
    if (!wanted(name) || fs::is_directory(from + "/" + name)) continue;
    const std::string source = from + "/" + name, copy = to + "/" + name;
    WEIR_CHECK(name.ends_with(".sst") ? link_or_copy(source, copy)
                                      : copy_front(source, copy, UINT64_MAX));
  }
  return {};
}

bool is_segment(const std::string& name) { return is_segment_name(name); }

}  // namespace

// Who takes a backup, and, of a directory at rest, that it stays so.
struct Stage::Locks {
  std::unique_ptr<FileLock> backup, store, broker;
};

Stage::Stage() = default;
Stage::Stage(Stage&&) noexcept = default;

Stage::~Stage() {
  if (locks_ == nullptr) return;  // moved from
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void Stage::remove_leftovers(const std::string& data_dir) {
  std::error_code ignored;
  fs::remove_all(data_dir + kStage, ignored);
}

Result<Stage> Stage::begin(const std::string& data_dir) {
  Stage stage;
  WEIR_CHECK(system_file_system().create_directories(data_dir + kStage));
  Result<std::unique_ptr<FileLock>> lock = system_file_system().lock(data_dir + kStage + "/lock");
  if (!lock.ok()) {
    if (lock.error().code != Errc::unavailable) return lock.error();
    return Error{Errc::unavailable,
                 fmt::format("another backup of {} is being taken; try again later", data_dir)};
  }
  stage.path_ = data_dir + kStage;
  stage.locks_ = std::make_unique<Locks>();
  stage.locks_->backup = std::move(*lock);
  // Of a backup that a stop of the process broke off.
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(stage.path_, ignored)) {
    if (entry.path().filename() != "lock") fs::remove_all(entry.path(), ignored);
  }
  stage.time_ns_ = SystemClock().wall_ns();
  return stage;
}

// The store first: a bucket that goes meanwhile is then unknown to the metadata rather than empty.
Result<Stage> Stage::of_running(const std::string& data_dir, const RunningParts& parts) {
  WEIR_TRY(Stage stage, begin(data_dir));
  WEIR_TRY(stage.lsn_, parts.store.backup(stage.path_ + "/store"));
  WEIR_CHECK(parts.broker.backup(stage.path_ + "/broker"));
  WEIR_CHECK(parts.meta.backup(stage.path_ + kDatabase));
  return stage;
}

Result<Stage> Stage::of_stopped(const std::string& data_dir) {
  if (!system_file_system().exists(data_dir + "/store/log")) {
    return Error{Errc::not_found,
                 fmt::format("{} is no data directory of weir: it has no store", data_dir)};
  }
  WEIR_TRY(Stage stage, begin(data_dir));
  WEIR_CHECK(stage.take_stopped(data_dir));
  return stage;
}

Result<void> Stage::take_stopped(const std::string& data_dir) {
  FileSystem& files = system_file_system();
  auto lock = [&](const std::string& folder) -> Result<std::unique_ptr<FileLock>> {
    Result<std::unique_ptr<FileLock>> held = files.lock(data_dir + folder + "/lock");
    if (held.ok() || held.error().code != Errc::unavailable) return held;
    return Error{Errc::unavailable,
                 fmt::format("a running weir uses {}: back it up without --data-dir", data_dir)};
  };
  WEIR_TRY(locks_->store, lock("/store"));
  WEIR_CHECK(take_directory(data_dir + "/store/log", path_ + "/store/log", is_segment));
  WEIR_CHECK(
      take_directory(data_dir + "/store/chunks", path_ + "/store/chunks", belongs_to_chunks));
  WEIR_CHECK(store::inspect_log(path_ + "/store", files, [&](const WalSegmentInfo& segment) {
    lsn_ = std::max(lsn_, segment.last_lsn);
  }));
  if (files.exists(data_dir + "/broker")) {
    WEIR_TRY(locks_->broker, lock("/broker"));
    WEIR_CHECK(take_directory(data_dir + "/broker", path_ + "/broker", is_segment));
  }
  if (!files.exists(data_dir + kDatabase)) return {};
  return meta::backup_database(data_dir + kDatabase, path_ + kDatabase);
}

Result<uint64_t> Stage::bytes() const {
  uint64_t sum = tar_end().size();
  WEIR_TRY(const std::vector<std::string> names, names_below(path_));
  for (const std::string& name : names) {
    WEIR_TRY(const uint64_t bytes, bytes_of_file(path_ + "/" + name));
    sum += tar_bytes(bytes);
  }
  return sum;
}

Result<void> Stage::send(const std::function<bool(std::string_view)>& write) const {
  const Error broken_off{Errc::unavailable, "the receiver of the backup went away"};
  BackupManifest manifest{kVersion, time_ns_, lsn_, {}};
  const int64_t time_s = time_ns_ / 1'000'000'000;
  WEIR_TRY(const std::vector<std::string> names, names_below(path_));
  for (const std::string& name : names) {
    if (name == "lock") continue;
    const std::string path = path_ + "/" + name;
    WEIR_TRY(const uint64_t bytes, bytes_of_file(path));
    if (!write(tar_header({name, bytes}, time_s))) return broken_off;
    BackupFile file{name, 0, 0};
    WEIR_CHECK(read_in_blocks(path, [&](std::string_view block) -> Result<void> {
      file.bytes += block.size();
      file.crc32c = crc32c(block, file.crc32c);
      return write(block) ? Result<void>() : Result<void>(broken_off);
    }));
    if (file.bytes != bytes) {
      return Error{Errc::io, fmt::format("{} changed while it was read", path)};
    }
    const std::string padding = tar_padding(bytes);
    if (!padding.empty() && !write(padding)) return broken_off;
    manifest.files.push_back(std::move(file));
  }
  const std::string last = to_json(manifest);
  const bool is_sent = write(tar_header({kManifestName, last.size()}, time_s) + last +
                             tar_padding(last.size()) + tar_end());
  return is_sent ? Result<void>() : Result<void>(broken_off);
}

}  // namespace weir::server
