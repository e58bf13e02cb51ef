// Aggregator: rows of one series and field in time order, to one row per window.
//
// Fed with runs, or with the summary of a chunk that lies in one window; writes finished windows to
// a ColumnChunk. Sums of doubles are taken in time order, but for a summary's, which is one term,
// and those of long stretches of one window, which are added up in four lanes. Created
// per series, used by one thread. Semantics: store/store.h, Aggregate.
#pragma once

#include "model/column_chunk.h"
#include "store/engine/chunk_format.h"
#include "store/engine/column_rows.h"
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
  void add(const ColumnRows& rows, model::ColumnChunk& out);
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

  struct Bounds {
    int64_t start_ns = 0, last_ns = 0;  // as in Window
  };
  // Rows of one window that follow each other.
  struct Stretch {
    Bounds window;
    size_t begin = 0, end = 0;
    double sum = 0;
  };

  Bounds bounds_of(int64_t time_ns) const;
  void enter_window(const Bounds& bounds, model::ColumnChunk& out);
  // Rows [row, end); `times` is one of those of column_rows.h.
  template <class Times>
  void add_rows(Times& times, const uint64_t* bits, size_t row, size_t end,
                model::ColumnChunk& out);
  template <class Times>
  void add_float_sums(Times& times, const uint64_t* bits, size_t row, size_t end,
                      model::ColumnChunk& out);
  template <class T, class Times>
  void add_numbers(const Times& times, const uint64_t* bits, size_t begin, size_t end);
  void choose(uint64_t bits, int64_t time_ns);
  template <class T, class Times>
  void add_extremes(const Times& times, const uint64_t* bits, size_t begin, size_t end);
  bool is_better(uint64_t bits) const;

  const ScanSpec& spec_;
  model::FieldType type_;
  Window window_;
};

}  // namespace weir::store
