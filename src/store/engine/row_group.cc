#include "store/engine/row_group.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace weir::store {

RowGroup::RowGroup(size_t capacity, MemoryCount memory)
    : capacity_(capacity),
      times_(std::make_unique_for_overwrite<int64_t[]>(capacity)),
      memory_(std::move(memory)) {
  count_memory(sizeof(RowGroup) + capacity * sizeof(int64_t));
}

RowGroup::~RowGroup() { memory_->fetch_sub(counted_bytes_, std::memory_order_relaxed); }

void RowGroup::count_memory(size_t bytes) {
  counted_bytes_ += static_cast<int64_t>(bytes);
  memory_->fetch_add(static_cast<int64_t>(bytes), std::memory_order_relaxed);
}

void RowGroup::allocate_column(LayoutField field) {
  columns_.push_back({field, std::make_unique_for_overwrite<uint64_t[]>(capacity_), nullptr});
  count_memory(sizeof(Column) + capacity_ * sizeof(uint64_t));
}

const RowGroup::Column* RowGroup::find(LayoutField field) const {
  for (const Column& column : columns_) {
    if (column.field == field) return &column;
  }
  return nullptr;
}

FieldRun RowGroup::run(const Column& column, size_t rows, bool in_order, int64_t start_ns,
                       int64_t stop_ns) const {
  FieldRun run;
  run.type = column.field.type;
  if (column.field.type == model::FieldType::string) run.keep.push_back(texts_);
  const int64_t* times = times_.get();
  if (in_order) {
    size_t begin = static_cast<size_t>(std::lower_bound(times, times + rows, start_ns) - times);
    size_t end = static_cast<size_t>(std::upper_bound(times, times + rows, stop_ns) - times);
    if (begin >= end) return run;
    if (column.present == nullptr) {
      run.times.assign(times + begin, times + end);
      run.bits.assign(column.bits.get() + begin, column.bits.get() + end);
      return run;
    }
    for (size_t row = begin; row < end; row++) {
      if (column.present[row] != 0) run.push(times[row], column.bits[row]);
    }
    return run;
  }
  std::vector<uint32_t> order;
  for (size_t row = 0; row < rows; row++) {
    bool has = column.present == nullptr || column.present[row] != 0;
    if (has && times[row] >= start_ns && times[row] <= stop_ns) {
      order.push_back(static_cast<uint32_t>(row));
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return times[a] < times[b]; });
  for (uint32_t row : order) {
    if (!run.times.empty() && run.times.back() == times[row]) {
      run.bits.back() = column.bits[row];
    } else {
      run.push(times[row], column.bits[row]);
    }
  }
  return run;
}

std::optional<size_t> RowGroup::newest_row(const Column& column, size_t rows, bool in_order,
                                           int64_t start_ns, int64_t stop_ns) const {
  const int64_t* times = times_.get();
  auto has = [&](size_t row) { return column.present == nullptr || column.present[row] != 0; };
  std::optional<size_t> newest;
  if (in_order) {
    auto row = static_cast<size_t>(std::upper_bound(times, times + rows, stop_ns) - times);
    while (!newest && row-- > 0 && times[row] >= start_ns) {
      if (has(row)) newest = row;
    }
    return newest;
  }
  for (size_t row = 0; row < rows; row++) {
    if (times[row] < start_ns || times[row] > stop_ns || !has(row)) continue;
    if (!newest || times[row] >= times[*newest]) newest = row;
  }
  return newest;
}

void RowsWriter::copy(size_t capacity) {
  auto next = std::make_shared<RowGroup>(capacity, memory_);
  if (group_ != nullptr) {
    next->rows_ = group_->rows_;
    next->texts_ = group_->texts_;
    std::memcpy(next->times_.get(), group_->times_.get(), group_->rows_ * sizeof(int64_t));
    next->columns_.reserve(group_->columns_.size());
    for (const RowGroup::Column& column : group_->columns_) {
      next->allocate_column(column.field);
      RowGroup::Column& target = next->columns_.back();
      std::memcpy(target.bits.get(), column.bits.get(), group_->rows_ * sizeof(uint64_t));
      if (column.present == nullptr) continue;
      target.present = std::make_unique_for_overwrite<uint8_t[]>(capacity);
      std::memcpy(target.present.get(), column.present.get(), group_->rows_);
    }
  }
  group_ = std::move(next);
}

// Gives the column a presence mask that says "every row so far".
void RowsWriter::need_presence(size_t column) {
  if (group_->columns_[column].present != nullptr) return;
  if (!changeable()) copy(group_->capacity_);
  auto mask = std::make_unique_for_overwrite<uint8_t[]>(group_->capacity_);
  std::memset(mask.get(), 1, group_->rows_);
  group_->columns_[column].present = std::move(mask);
  group_->count_memory(group_->capacity_);
}

size_t RowsWriter::column_index(LayoutField field, size_t guess) {
  auto& columns = group_->columns_;
  if (guess < columns.size() && columns[guess].field == field) return guess;
  for (size_t i = 0; i < columns.size(); i++) {
    if (columns[i].field == field) return i;
  }
  if (!changeable()) copy(group_->capacity_);
  group_->allocate_column(field);
  size_t added = group_->columns_.size() - 1;
  if (group_->rows_ > 0) {  // the rows so far lack it
    need_presence(added);
    std::memset(group_->columns_[added].present.get(), 0, group_->rows_);
    std::memset(group_->columns_[added].bits.get(), 0, group_->rows_ * sizeof(uint64_t));
  }
  return added;
}

Result<void> RowsWriter::set_cells(RowsDecoder& point, size_t row) {
  const Layout& layout = point.layout();
  for (size_t i = 0; i < layout.size(); i++) {
    size_t index = column_index(layout[i], i);
    std::string_view text;
    WEIR_TRY(uint64_t bits, point.value(layout[i].type, text));
    if (layout[i].type == model::FieldType::string) {
      // The texts of copies live in the same place, so that cells stay valid in all of them.
      if (group_->texts_ == nullptr) {
        if (!changeable()) copy(group_->capacity_);
        group_->texts_ = std::make_shared<Texts>(memory_);
      }
      bits = string_bits(group_->texts_->add(text));
    }
    RowGroup::Column& column = group_->columns_[index];
    column.bits[row] = bits;
    if (column.present != nullptr) column.present[row] = 1;
  }
  return {};
}

Result<void> RowsWriter::append(RowsDecoder& point) {
  if (group_ == nullptr) {
    copy(kRowsFirst);
  } else if (group_->rows_ == group_->capacity_) {
    copy(group_->capacity_ * 2);
  }
  const Layout& layout = point.layout();
  size_t row = group_->rows_;
  auto& columns = group_->columns_;
  bool same = columns.size() == layout.size();
  for (size_t i = 0; same && i < layout.size(); i++) {
    same = columns[i].field == layout[i] && columns[i].present == nullptr;
  }
  if (same && point.layout_is_fixed()) {  // the fast path: nothing but numbers, all as before
    WEIR_TRY(FixedValues values, point.fixed_values());
    for (size_t i = 0; i < columns.size(); i++) columns[i].bits[row] = values[i];
  } else {
    for (RowGroup::Column& column : columns) {
      if (column.present != nullptr) column.present[row] = 0, column.bits[row] = 0;
    }
    WEIR_CHECK(set_cells(point, row));
    for (size_t i = 0; i < group_->columns_.size(); i++) {
      LayoutField field = group_->columns_[i].field;
      if (std::find(layout.begin(), layout.end(), field) != layout.end()) continue;
      need_presence(i);
      group_->columns_[i].present[row] = 0;
      group_->columns_[i].bits[row] = 0;
    }
  }
  group_->times_[row] = point.time_ns();
  group_->rows_++;
  return {};
}

Result<void> RowsWriter::merge_into_last(RowsDecoder& point) {
  if (!changeable()) copy(group_->capacity_);
  return set_cells(point, group_->rows_ - 1);
}

bool RowsWriter::remove_cells(int64_t start_ns, int64_t stop_ns, const std::vector<bool>& chosen) {
  std::shared_ptr<RowGroup> before = group_;
  auto removed = [&](size_t column, size_t row) {
    int64_t time_ns = before->times_[row];
    return chosen[column] && time_ns >= start_ns && time_ns <= stop_ns;
  };
  auto has = [&](size_t column, size_t row) {
    const auto& present = before->columns_[column].present;
    return present == nullptr || present[row] != 0;
  };
  bool any_removed = false;
  auto keeps = [&](size_t column, size_t row) {
    if (!has(column, row)) return false;
    bool goes = removed(column, row);
    any_removed |= goes;
    return !goes;
  };
  std::vector<size_t> kept_rows, kept_columns;
  std::vector<bool> column_used(before->columns_.size()), column_gaps(before->columns_.size());
  for (size_t row = 0; row < before->rows_; row++) {
    bool any = false;
    for (size_t column = 0; column < before->columns_.size(); column++) any |= keeps(column, row);
    if (!any) continue;
    kept_rows.push_back(row);
    for (size_t column = 0; column < before->columns_.size(); column++) {
      (keeps(column, row) ? column_used : column_gaps)[column] = true;
    }
  }
  if (!any_removed) return false;
  if (kept_rows.empty()) {
    group_ = nullptr;
    return true;
  }
  auto next = std::make_shared<RowGroup>(before->capacity_, memory_);
  next->texts_ = before->texts_;
  next->rows_ = kept_rows.size();
  for (size_t i = 0; i < kept_rows.size(); i++) next->times_[i] = before->times_[kept_rows[i]];
  for (size_t column = 0; column < before->columns_.size(); column++) {
    if (!column_used[column]) continue;
    next->allocate_column(before->columns_[column].field);
    RowGroup::Column& target = next->columns_.back();
    if (column_gaps[column]) {
      target.present = std::make_unique_for_overwrite<uint8_t[]>(next->capacity_);
    }
    for (size_t i = 0; i < kept_rows.size(); i++) {
      target.bits[i] = before->columns_[column].bits[kept_rows[i]];
      if (target.present != nullptr) target.present[i] = keeps(column, kept_rows[i]) ? 1 : 0;
    }
  }
  group_ = std::move(next);
  return true;
}

}  // namespace weir::store
