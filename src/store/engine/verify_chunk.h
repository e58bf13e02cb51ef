// Compares one chunk with its key, with its own header, and with what the catalog says of it.
// Pure functions; any thread.
#pragma once

#include <string_view>

#include "store/engine/chunk_format.h"
#include "store/engine/verify_names.h"

namespace weir::store {

// The chunk's rows, or what is wrong with it. `bucket` null: there is none of that number.
// `next_lsn`: the first that the log has not given yet; 0: unknown.
Result<size_t> verify_chunk_bytes(const ChunkKey& key, std::string_view value,
                                  const VerifyNames::Bucket* bucket, uint64_t next_lsn);

struct ChunkTimes {
  int64_t first_ns = 0;
  std::optional<int64_t> last_ns;
};
// Between which times a damaged chunk's points are, as far as it can be known.
ChunkTimes times_of_chunk(const ChunkKey& key, std::string_view value,
                          const VerifyNames::Bucket* bucket);

}  // namespace weir::store
