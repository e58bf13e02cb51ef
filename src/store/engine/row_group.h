// RowGroup: recent rows of one series, in columns: a time column and one column per field.
//
//   times[rows], per column bits[rows] and, if some rows lack the field, present[rows]
//
// Readers look at a group without a lock while its writer appends: a reader takes a RowsView (the
// group and the number of rows it has now) under the head's lock and then reads those rows only;
// appending writes beyond them. Anything else (a new column, more room, a changed cell) happens
// in place only while no view is open, and otherwise in a copy that replaces the group.
// A group is in time order and distinct (the main rows), or in order of arrival (late rows).
// Threads: the writer under the head's lock; readers through RowsView.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/engine/field_run.h"
#include "store/engine/log_records.h"

namespace weir::store {

using MemoryCount = std::shared_ptr<std::atomic<int64_t>>;

// The texts of a group's cells, at addresses that stay. Shared by a group and its copies, so it
// counts its memory itself.
class Texts {
 public:
  explicit Texts(MemoryCount memory) : memory_(std::move(memory)) {}
  ~Texts() { memory_->fetch_sub(counted_bytes_, std::memory_order_relaxed); }
  Texts(const Texts&) = delete;
  Texts& operator=(const Texts&) = delete;
  const std::string& add(std::string_view text) {
    auto bytes = static_cast<int64_t>(sizeof(std::string) + text.size());
    counted_bytes_ += bytes;
    memory_->fetch_add(bytes, std::memory_order_relaxed);
    return texts_.emplace_back(text);
  }
  size_t bytes() const { return static_cast<size_t>(counted_bytes_); }

 private:
  std::deque<std::string> texts_;
  MemoryCount memory_;
  int64_t counted_bytes_ = 0;
};

class RowGroup {
 public:
  struct Column {
    LayoutField field;
    std::unique_ptr<uint64_t[]> bits;
    std::unique_ptr<uint8_t[]> present;  // null: every row has the field
  };

  RowGroup(size_t capacity, MemoryCount memory);
  ~RowGroup();
  RowGroup(const RowGroup&) = delete;
  RowGroup& operator=(const RowGroup&) = delete;

  size_t rows() const { return rows_; }
  const int64_t* times() const { return times_.get(); }
  const std::vector<Column>& columns() const { return columns_; }
  const Column* find(LayoutField field) const;
  size_t text_bytes() const { return texts_ == nullptr ? 0 : texts_->bytes(); }
  size_t bytes() const { return static_cast<size_t>(counted_bytes_) + text_bytes(); }

  // The column's values among the first `rows` rows and in [start, stop], as a run. Late rows
  // (in_order false) are sorted, the last to arrive wins.
  FieldRun run(const Column& column, size_t rows, bool in_order, int64_t start_ns,
               int64_t stop_ns) const;
  // The row of the newest of these values.
  std::optional<size_t> newest_row(const Column& column, size_t rows, bool in_order,
                                   int64_t start_ns, int64_t stop_ns) const;

 private:
  friend class RowsWriter;
  friend class RowsView;
  void allocate_column(LayoutField field);
  void count_memory(size_t bytes);

  size_t rows_ = 0, capacity_;
  std::unique_ptr<int64_t[]> times_;
  std::vector<Column> columns_;
  std::shared_ptr<Texts> texts_;  // shared with copies
  std::atomic<uint32_t> views_ = 0;
  MemoryCount memory_;
  int64_t counted_bytes_ = 0;
};

// A reader's hold on the first rows of a group.
class RowsView {
 public:
  RowsView(std::shared_ptr<RowGroup> group) : group_(std::move(group)) {  // NOLINT: implicit
    if (group_ == nullptr) return;
    rows_ = group_->rows();
    group_->views_.fetch_add(1, std::memory_order_relaxed);
  }
  RowsView(RowsView&& other) noexcept
      : group_(std::move(other.group_)), rows_(std::exchange(other.rows_, 0)) {}
  RowsView& operator=(RowsView&&) = delete;
  ~RowsView() {
    if (group_ != nullptr) group_->views_.fetch_sub(1, std::memory_order_release);
  }
  size_t rows() const { return rows_; }
  const RowGroup& operator*() const { return *group_; }
  const RowGroup* operator->() const { return group_.get(); }
  std::shared_ptr<const RowGroup> share() const { return group_; }

 private:
  std::shared_ptr<RowGroup> group_;
  size_t rows_ = 0;
};

// Changes a group, replacing it where views forbid changing it in place.
class RowsWriter {
 public:
  RowsWriter(std::shared_ptr<RowGroup>& group, const MemoryCount& memory)
      : group_(group), memory_(memory) {}

  // Takes the decoder's current point as a new last row.
  Result<void> append(RowsDecoder& point);
  // Lays the decoder's current point over the last row.
  Result<void> merge_into_last(RowsDecoder& point);
  // Removes the cells in [start, stop] of the columns that `removes` accepts; rows without cells
  // go, and so do columns. The group becomes null when nothing is left. False if there were none.
  template <class Removes>
  bool remove(int64_t start_ns, int64_t stop_ns, Removes removes) {
    std::vector<bool> chosen;
    for (const RowGroup::Column& column : group_->columns_) chosen.push_back(removes(column.field));
    return remove_cells(start_ns, stop_ns, chosen);
  }

 private:
  static constexpr size_t kRowsFirst = 4;  // a series that sends rarely stays small

  bool changeable() const { return group_->views_.load(std::memory_order_acquire) == 0; }
  void copy(size_t capacity);
  size_t column_index(LayoutField field, size_t guess);
  void need_presence(size_t column);
  Result<void> set_cells(RowsDecoder& point, size_t row);
  bool remove_cells(int64_t start_ns, int64_t stop_ns, const std::vector<bool>& chosen);

  std::shared_ptr<RowGroup>& group_;
  const MemoryCount& memory_;
};

}  // namespace weir::store
