// Aggregator: rows of one series and field in time order, to one row per window.
//
// Fed with runs, or with the summary of a chunk that lies in one window; writes finished windows to
// a ColumnChunk. Sums of doubles are taken in time order, a summary's as one term. Created per
// series, used by one thread. Semantics: store/store.h, Aggregate.
#pragma once

#include "model/column_chunk.h"
#include "store/engine/chunk_format.h"
#include "store/engine/field_run.h"
#include "store/store.h"

namespace weir::store {

// Whether the header alone tells all that the scan's aggregate needs of a chunk's column, which
// then has a row in the scan's range.
bool can_summarise(const ScanSpec& spec, const ColumnHeader& column);

class Aggregator {
 public:
  Aggregator(const ScanSpec& spec, model::FieldType type) : spec_(spec), type_(type) {}

  void add(const FieldRun& run, model::ColumnChunk& out);
  void add_summary(const ColumnHeader& column, model::ColumnChunk& out);
  // Writes the last window, if it has rows.
  void finish(model::ColumnChunk& out);

 private:
  struct Window {
    int64_t start_ns = 0;  // as reported: clipped to the scan's range
    int64_t last_ns = 0;   // its last instant
    uint64_t count = 0;
    double float_sum = 0;
    uint64_t bits_sum = 0;  // of integers, which wrap
    uint64_t chosen = 0;    // min, max, first, last
    int64_t chosen_time_ns = 0;
    std::string chosen_text;  // if it is a string: runs do not outlive add()
  };

  void enter_window(int64_t time_ns, model::ColumnChunk& out);
  template <class T>
  void add_numbers(const FieldRun& run, size_t begin, size_t end);
  void choose(uint64_t bits, int64_t time_ns);
  template <class T>
  void add_extremes(const FieldRun& run, size_t begin, size_t end);
  bool is_better(uint64_t bits) const;

  const ScanSpec& spec_;
  model::FieldType type_;
  Window window_;
};

}  // namespace weir::store
