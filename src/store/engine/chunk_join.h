// Joins the chunks of one series and column group into fewer, longer ones. docs/format.md#joining.
//
// Cells are resolved as readers resolve them: where two chunks have the same time, the larger LSN
// wins. Chunks are taken in order of their first time and joined as they come, so that no more is
// held than what overlaps, and what makes the next chunk. What comes out has the largest LSN of
// what went in and overlaps nothing else, so the order among all chunks stays. Plain data, any
// thread.
#pragma once

#include <span>
#include <vector>

#include "store/engine/chunk_reader.h"
#include "store/engine/chunk_writer.h"

namespace weir::store {

// What decides whether a chunk is worth joining.
struct JoinCandidate {
  ChunkKey key;
  int64_t time_max_ns = 0;
  size_t rows = 0, columns = 0, bytes = 0;
  uint64_t lsn_min = 0;
  bool is_joined = false;

  // As long as joined chunks become: it gains nothing from others.
  bool is_full() const;
};

struct JoinRange {
  size_t begin = 0, end = 0;  // positions among the candidates
};

// The stretches worth joining of the chunks of one series and column group, which are sorted by
// first time and LSN. `is_cold`: no more rows are expected soon, so that even a chunk alone is
// encoded again, more thoroughly.
std::vector<JoinRange> plan_joins(std::span<const JoinCandidate> chunks, bool is_cold);

class ChunkJoiner {
 public:
  // `key` gives bucket, group, series and the largest LSN of the chunks to come.
  ChunkJoiner(ChunkKey key, uint64_t lsn_min) : key_(key), lsn_min_(lsn_min) {}

  // In order of first time.
  Result<void> add(const ChunkReader& chunk);
  std::vector<EncodedChunk> finish();

 private:
  struct Source {
    uint64_t lsn = 0;
    std::vector<NamedRun> runs;  // from `row` on they are not taken yet
    std::vector<size_t> row;
  };
  void take_before(const int64_t* frontier_ns);
  void append(NamedRun taken);
  void write_whole_chunks();
  void write(std::vector<NamedRun> runs);

  ChunkKey key_;
  uint64_t lsn_min_;
  std::vector<Source> sources_;  // by LSN
  std::vector<NamedRun> ready_;  // by field; nothing earlier will come
  std::vector<EncodedChunk> chunks_;
};

}  // namespace weir::store
