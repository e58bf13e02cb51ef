// Everything that holds values of one series in a scan's range: chunks and head rows.
//
// A source is a stretch of time in which it has values of a field, and a rank: where two sources
// have the same time, the higher rank is newer and wins. Read from a snapshot: the same answer
// however long it takes. Used by the thread of one scan.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "store/engine/chunk_reader.h"
#include "store/engine/chunk_store.h"
#include "store/engine/column_rows.h"
#include "store/engine/head.h"
#include "store/engine/removal_filter.h"

namespace weir::store {

// Rows of one piece, as they were when the scan began.
struct HeadView {
  RowsView rows;
  bool in_order = true;
};

class SeriesSource {
 public:
  // Values in [start, stop], both inclusive.
  SeriesSource(ChunkStore& store, ChunkSnapshotPtr snapshot, int64_t start_ns, int64_t stop_ns)
      : store_(store), snapshot_(std::move(snapshot)), start_ns_(start_ns), stop_ns_(stop_ns) {}

  // Adds the series' chunks of one group. `prefix` is their keys'.
  Result<void> add_chunks(ChunkIterator& chunks, const std::string& prefix);
  // Adds head rows, oldest first, after all chunks.
  void add_head(std::span<const HeadView> views) { heads_ = views; }
  // Cells that chunks still have and a delete has taken.
  void add_removal(const Removal& removal, RemovalFilter filter) {
    removals_.emplace_back(removal, std::move(filter));
  }

  // The fields that may have values in range, without duplicates, in no order.
  std::vector<FieldId> fields() const;

  struct Part {
    int64_t time_min_ns = 0, time_max_ns = 0;  // of its values of the field, at most the range
    uint64_t rank = 0;
    size_t chunk = SIZE_MAX;  // or SIZE_MAX: of the head
    size_t head = 0;
    size_t column = 0;
  };
  // The sources of a field, by first time.
  std::vector<Part> parts(FieldId field) const;
  // The part's values in range.
  Result<FieldRun> load(const Part& part);
  // The same as it comes from the decoder; false if only load() can read it. For parts with a
  // header().
  Result<bool> read_column(const Part& part, ColumnRows& rows);
  // A chunk's header for the field, if nothing but the range and windows limits its values.
  const ColumnHeader* header(const Part& part) const;
  model::FieldType type(const Part& part) const;

 private:
  // Copies of chunks kept for further fields of the series; beyond it they are read again.
  static constexpr size_t kKeptBytesMax = 8 * 1024 * 1024;

  struct Chunk {
    std::string key;
    std::string bytes;  // empty: not kept
    std::vector<ColumnHeader> columns;
    uint64_t lsn = 0;
    std::vector<int64_t> times;  // decoded once, if the bytes are kept
  };
  Result<FieldRun> load_chunk(const Part& part);

  ChunkStore& store_;
  ChunkSnapshotPtr snapshot_;
  int64_t start_ns_, stop_ns_;
  std::vector<Chunk> chunks_;
  size_t kept_bytes_ = 0;
  std::span<const HeadView> heads_;
  std::vector<std::pair<Removal, RemovalFilter>> removals_;
};

}  // namespace weir::store
