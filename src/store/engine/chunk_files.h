// RocksDB's files beneath a ChunkStore, for those who look after files: verify, backups.
// Threads: any.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/engine/chunk_store.h"

namespace weir::store {

// A file of chunks or of the catalog.
struct TableFile {
  std::string name;  // within the directory
  uint64_t bytes = 0;
  std::optional<uint32_t> crc32c;  // of the whole file; none in stores of older versions
  bool has_chunks = false;         // otherwise it is the catalog's
  std::string first_key, last_key;
};

// Opens a directory read-only, for verify. `log_damage` is filled when RocksDB's own log, which
// in older stores holds the catalog's newest entries, is cut at its end or damaged:
// ChunkStore::open() takes what is before that place. Iterators pass over wrong checksums of
// blocks, so that chunks around a damaged one are reached.
Result<std::unique_ptr<ChunkStore>> open_to_verify(const std::string& directory,
                                                   std::string& log_damage);
// By name.
std::vector<TableFile> tables_of(ChunkStore& store);
// Checks every block's checksum; the error names the offset.
Result<void> verify_table(ChunkStore& store, const TableFile& table);

}  // namespace weir::store
