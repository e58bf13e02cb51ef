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

struct ChunkShape {
  size_t rows = kChunkRows;
  size_t rest = kChunkRowsRest;  // of rows that may join the last chunk
  bool is_joined = false;        // encoded thoroughly, for long

  static ChunkShape joined(size_t columns) {
    return {joined_rows_max(columns), joined_rows_max(columns) / 4, true};
  }
};

// Encodes the runs of one series' fields, by column group and in slices of shape.rows.
// `key` gives bucket, group and series; `lsn_max` orders the chunks among others of the series.
std::vector<EncodedChunk> encode_chunks(ChunkKey key, std::vector<NamedRun> runs, uint64_t lsn_min,
                                        uint64_t lsn_max, const ChunkShape& shape = {});

}  // namespace weir::store
