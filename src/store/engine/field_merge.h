// FieldMerge: the values of one series and field in time order, out of all its sources.
//
// Sources that do not overlap are passed on whole, one after the other; only overlapping ones are
// merged, and only as far as they overlap. Used by the thread of one scan.
#pragma once

#include <optional>
#include <vector>

#include "store/engine/series_source.h"

namespace weir::store {

class FieldMerge {
 public:
  FieldMerge(SeriesSource& source, FieldId field) : source_(source), parts_(source.parts(field)) {}

  // The next rows; empty at the end. Errc::invalid "schema collision" when types differ.
  Result<FieldRun> next();
  // The same from the end: the rows before those of the last call, in time order. Instead of
  // next().
  Result<FieldRun> previous();
  // If the next rows are one whole chunk that overlaps nothing: its header. Then skip_chunk()
  // passes over it.
  const ColumnHeader* next_whole_chunk() const;
  void skip_chunk() { next_part_++; }
  // Reads its rows in range and passes over it; false if next() has to.
  Result<bool> read_whole_chunk(ColumnRows& rows) {
    WEIR_TRY(bool is_read, source_.read_column(parts_[next_part_], rows));
    if (is_read) skip_chunk();
    return is_read;
  }

  // Only the newest (or oldest) row, or none; instead of next(). Reads as little as decides it: a
  // chunk's header, mostly.
  Result<FieldRun> newest() { return edge(true); }
  Result<FieldRun> oldest() { return edge(false); }

  // The field's type, once the first rows have been seen.
  const std::optional<model::FieldType>& type() const { return type_; }
  Result<void> check_type(model::FieldType type);
  const std::vector<SeriesSource::Part>& parts() const { return parts_; }

 private:
  struct Active {
    FieldRun run;
    size_t begin = 0, end = 0;  // the rows not passed on
    uint64_t rank = 0;
  };
  Result<void> load(const SeriesSource::Part& part);
  static FieldRun take(Active& active, size_t begin, size_t end);
  Result<FieldRun> edge(bool newest);
  // The part's newest or oldest row in range.
  Result<FieldRun> edge_of(const SeriesSource::Part& part, bool newest);

  SeriesSource& source_;
  std::vector<SeriesSource::Part> parts_;
  size_t next_part_ = 0;
  bool goes_back_ = false;  // parts_ is by last time, and those before next_part_ are not loaded
  std::vector<Active> active_;  // by rank
  std::optional<model::FieldType> type_;
};

}  // namespace weir::store
