// The embedded store: write-ahead log, in-memory head, encoded chunks in RocksDB.
//
// A write is in the log, synced as `durability` says, before its completion runs. On a full disk
// writes fail with Errc::unavailable until there is room again; reads go on, nothing acknowledged
// is lost. After a failed sync every later write fails so until the store is reopened: a sync that
// is repeated says nothing of what the first one lost. One process opens a directory at a time
// (lock file). Cursors must not outlive the engine. Layout on disk: docs/format.md. Threads:
// docs/architecture.md#threads; the Store interface may be used from any.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/durability.h"
#include "base/file.h"
#include "base/wal_recovery.h"
#include "store/store.h"

namespace rocksdb {
class Env;
}

namespace weir::store {

struct EngineOptions {
  std::string directory;
  Durability durability;
  uint64_t head_bytes_max = 0;                    // 0: a quarter of the memory, at most 1 GiB
  uint64_t log_segment_bytes = 64 * 1024 * 1024;  // restart reads at most a few of these
  uint64_t log_bytes_max = 256 * 1024 * 1024;     // sealing is forced beyond it
  // Beyond so many rows too that a restart would have to put back: packed they take a byte each,
  // and with a million series 10 M of them 1.5 s.
  uint64_t replay_rows_max = 10'000'000;
  size_t series_per_bucket_max = 0;  // 0: as many as come; known series are always taken
  bool background = true;            // seal and retention threads; tests drive by hand
  // A delete is acknowledged when it is in the log. It works on the chunks until then at most, the
  // rest is left to the background.
  std::chrono::milliseconds delete_wait{50};
  std::chrono::milliseconds log_retry{1000};  // how often a full disk is tried again
  // Where RocksDB has its files; null: on the system's disks. For tests of what survives.
  rocksdb::Env* chunk_env = nullptr;
};

// What `weir inspect` shows.
struct ChunkInfo {
  BucketId bucket{};
  std::string series, measurement_and_fields;
  int64_t time_min_ns = 0, time_max_ns = 0;
  uint64_t rows = 0, bytes = 0;
  std::vector<std::string> columns;  // "usage float64 decimal+delta 312 B"
  std::string damage;
};

class Engine : public Store {
 public:
  // Opens or creates; replays the log. Damage in the middle of the log, or in a chunk, is an error
  // that names file and offset; a torn tail of the last segment is cut and logged.
  static Result<std::unique_ptr<Engine>> open(EngineOptions options, FileSystem& files,
                                              const Clock& clock);

  // Encodes every head row into chunks and frees the log: at a clean stop, and in tests.
  virtual Result<void> seal_all() = 0;
  // One round of retention and age-based sealing, as the background thread does it.
  virtual Result<void> maintain() = 0;
  // Makes `target`, a store of its own with everything acknowledged before the call: what open()
  // would find after a power cut. Files that do not change any more get a second name, so it takes
  // little time and space if `target` is on the same file system; only sealing, deletes and changes
  // of buckets wait, for milliseconds. Returns the last LSN in it. What a failure leaves is the
  // caller's to remove.
  virtual Result<uint64_t> backup(const std::string& target) = 0;
  // Stops background work, syncs the log. Called by the destructor too.
  virtual Result<void> close() = 0;
};

// Read-only views of a directory that no process has open.
Result<void> inspect_log(const std::string& directory, FileSystem& files,
                         const std::function<void(const WalSegmentInfo&)>& visit);
Result<void> inspect_chunks(const std::string& directory,
                            const std::function<void(const ChunkInfo&)>& visit);
// Reads all of it and compares: log, chunks, catalog. `problem` is told each thing that is wrong.
Result<void> verify(const std::string& directory, FileSystem& files,
                    const std::function<void(const std::string&)>& problem);

}  // namespace weir::store
