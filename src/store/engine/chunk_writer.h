// Encodes runs of values into chunks. Layout: chunk_format.h. Pure functions, any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/engine/chunk_format.h"
#include "store/engine/field_run.h"

namespace weir::store {

struct NamedRun {
  FieldId field = 0;
  FieldRun run;  // not empty
};

struct EncodedChunk {
  ChunkKey key;
  std::string value;
};

// Encodes the runs of one series' fields, by column group and in slices of kChunkRows.
// `key` gives bucket, group and series; `lsn_max` orders the chunks among others of the series.
std::vector<EncodedChunk> encode_chunks(ChunkKey key, std::vector<NamedRun> runs, uint64_t lsn_min,
                                        uint64_t lsn_max);

}  // namespace weir::store
