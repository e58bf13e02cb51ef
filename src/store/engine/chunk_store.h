// The RocksDB instance beneath the engine: the family "chunks" (the write-ahead log holds the rows
// until flush()) and the default family, the catalog, which is flushed with each write. RocksDB's
// own log is not used: after a full disk it cannot be trusted to go on.
//
// RocksDB's own checksums guard its files; a damaged one is Errc::io with RocksDB's words, which
// name the file. A snapshot keeps what it has seen, whatever is removed. Threads: any; an iterator
// belongs to one. RocksDB's headers stay in the .cc.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/engine/chunk_format.h"
#include "store/engine/chunk_writer.h"

namespace rocksdb {
class Env;
}

namespace weir::store {

// A frozen view of all chunks.
class ChunkSnapshot {
 public:
  virtual ~ChunkSnapshot() = default;
};
using ChunkSnapshotPtr = std::shared_ptr<const ChunkSnapshot>;

// Walks chunks in key order. key() and value() are valid until the next call.
class ChunkIterator {
 public:
  virtual ~ChunkIterator() = default;
  virtual void seek(std::string_view key) = 0;
  virtual void next() = 0;
  // False at the end and after an error, which status() then tells.
  virtual bool valid() const = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual Result<void> status() const = 0;
};

// Keys from `first` up to, and without, `end`.
struct ChunkKeyRange {
  std::string first, end;
};

class ChunkStore {
 public:
  virtual ~ChunkStore() = default;
  // `env` (null: the system's) is where its files are, and outlives it.
  static Result<std::unique_ptr<ChunkStore>> open(const std::string& directory, bool read_only,
                                                  rocksdb::Env* env = nullptr);

  // Deletes and then puts, all or none of which survive; on disk after flush().
  virtual Result<void> write(const std::vector<EncodedChunk>& puts,
                             const std::vector<std::string>& deleted_keys,
                             const std::vector<ChunkKeyRange>& deleted_ranges = {}) = 0;
  // Removes every chunk whose key begins with `prefix`; on disk after flush().
  virtual Result<void> remove_prefix(const std::string& prefix) = 0;
  virtual Result<void> flush() = 0;
  // Rewrites the files that hold keys with `prefix`, so that what was deleted takes no space any
  // more. Takes as long as reading and writing them does; ends early once `cancelled` is true.
  virtual Result<void> compact(const std::string& prefix, std::atomic<bool>& cancelled) = 0;
  // Makes `target` (not yet there, on the same file system) a copy of what is on disk: files are
  // linked. Chunks that were not flushed are not in it; every catalog entry is.
  virtual Result<void> checkpoint(const std::string& target) = 0;
  virtual ChunkSnapshotPtr snapshot() = 0;
  // Null: the newest state. The iterator keeps the snapshot. It ends before the key `end`, if there
  // is one, and does not look at what was deleted behind it.
  virtual std::unique_ptr<ChunkIterator> iterator(ChunkSnapshotPtr snapshot,
                                                  std::string end = {}) = 0;
  virtual Result<std::string> get(std::string_view key, const ChunkSnapshotPtr& snapshot) = 0;
  // About what the chunks below a prefix take on disk.
  virtual uint64_t disk_bytes(const std::string& prefix) = 0;
  // The largest LSN among a series' chunks in a group; 0 without chunks. `chunks` may stand
  // anywhere: many series are asked for with one iterator. Where this left it for a series before,
  // of the same group, it need not seek if nothing lies between.
  static Result<uint64_t> largest_lsn(ChunkIterator& chunks, BucketNumber bucket,
                                      int64_t group_start_ns, SeriesId series,
                                      std::optional<SeriesId> left_by = std::nullopt);

  struct CatalogWrite {
    std::string key;
    std::optional<std::string> value;  // none: delete
    bool is_prefix = false;            // delete every entry whose key begins with `key`
  };
  // All or none of it, in this order. What failed for want of room may still be done, all of it,
  // before a later write.
  virtual Result<void> write_catalog(const std::vector<CatalogWrite>& writes) = 0;
  // Visits entries whose key begins with `prefix`, in order; the key without it.
  virtual Result<void> read_catalog(
      const std::string& prefix,
      const std::function<Result<void>(std::string_view key, std::string_view value)>& visit) = 0;
};

}  // namespace weir::store
