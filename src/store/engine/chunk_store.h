// The RocksDB instance beneath the engine: the family "chunks" (its log off: the write-ahead log
// holds the rows until flush()) and the default family, the catalog (its log on and synced).
//
// RocksDB's own checksums guard its files; a damaged one is Errc::io with RocksDB's words, which
// name the file. Threads: any; an iterator belongs to one. RocksDB's headers stay in the .cc.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/engine/chunk_format.h"
#include "store/engine/chunk_writer.h"

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

class ChunkStore {
 public:
  virtual ~ChunkStore() = default;
  static Result<std::unique_ptr<ChunkStore>> open(const std::string& directory, bool read_only);

  // Puts and deletes, all or none of which survive; on disk after flush().
  virtual Result<void> write(const std::vector<EncodedChunk>& puts,
                             const std::vector<std::string>& deleted_keys) = 0;
  // Removes every chunk whose key begins with `prefix`; on disk after flush().
  virtual Result<void> remove_prefix(const std::string& prefix) = 0;
  virtual Result<void> flush() = 0;
  // Rewrites the files that hold keys with `prefix`, so that what was deleted takes no space any
  // more. Takes as long as reading and writing them does; ends early once `cancelled` is true.
  virtual Result<void> compact(const std::string& prefix, std::atomic<bool>& cancelled) = 0;
  virtual ChunkSnapshotPtr snapshot() = 0;
  // Null: the newest state. The iterator keeps the snapshot.
  virtual std::unique_ptr<ChunkIterator> iterator(ChunkSnapshotPtr snapshot) = 0;
  virtual Result<std::string> get(std::string_view key, const ChunkSnapshotPtr& snapshot) = 0;
  // About what the chunks below a prefix take on disk.
  virtual uint64_t disk_bytes(const std::string& prefix) = 0;
  // The largest LSN among a series' chunks in a group; 0 without chunks.
  Result<uint64_t> largest_lsn(BucketNumber bucket, int64_t group_start_ns, SeriesId series);

  struct CatalogWrite {
    std::string key;
    std::optional<std::string> value;  // none: delete
  };
  virtual Result<void> write_catalog(const std::vector<CatalogWrite>& writes) = 0;
  // Deletes every catalog entry whose key begins with `prefix`.
  virtual Result<void> remove_catalog_prefix(const std::string& prefix) = 0;
  // Visits entries whose key begins with `prefix`, in order; the key without it.
  virtual Result<void> read_catalog(
      const std::string& prefix,
      const std::function<Result<void>(std::string_view key, std::string_view value)>& visit) = 0;
};

}  // namespace weir::store
