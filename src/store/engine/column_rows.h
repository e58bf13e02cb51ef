// ColumnRows: a chunk's column as it is decoded, for who computes with it at once: rows of numbers
// without gaps, in buffers that the next column takes over.
//
// Regular times are not written out. Owned by one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "codec/column_codec.h"
#include "model/value.h"

namespace weir::store {

// Room for values that are written before they are read: it is not cleared.
class ValueBuffer {
 public:
  std::span<uint64_t> take(size_t count) {
    if (count > capacity_) {
      values_ = std::make_unique_for_overwrite<uint64_t[]>(count);
      capacity_ = count;
    }
    return {values_.get(), count};
  }
  const uint64_t* data() const { return values_.get(); }

 private:
  std::unique_ptr<uint64_t[]> values_;
  size_t capacity_ = 0;
};

// Times of rows, ascending and distinct: time i is first + i * unit.
class RegularTimes {
 public:
  explicit RegularTimes(const codec::TimeAxis& axis) : axis_(axis) {}
  int64_t at(size_t row) const {
    return static_cast<int64_t>(static_cast<uint64_t>(axis_.first) + row * axis_.unit);
  }
  // The first of the rows [row, end) that is later than `last_ns`, which row is not.
  size_t end_of(size_t row, size_t end, int64_t last_ns) const {
    if (axis_.unit == 0) return end;
    uint64_t apart = static_cast<uint64_t>(last_ns) - static_cast<uint64_t>(at(row));
    return row + static_cast<size_t>(std::min<uint64_t>(apart / axis_.unit, end - row - 1)) + 1;
  }

 private:
  codec::TimeAxis axis_;
};

// The same where each is written out.
class ListedTimes {
 public:
  explicit ListedTimes(const int64_t* times) : times_(times) {}
  int64_t at(size_t row) const { return times_[row]; }
  // Windows have mostly as many rows as the one before.
  size_t end_of(size_t row, size_t end, int64_t last_ns) {
    if (times_[end - 1] <= last_ns) return end;
    size_t low = row;  // is not later
    size_t step = std::max<size_t>(last_rows_, 1);
    if (row + step < end && times_[row + step - 1] <= last_ns && times_[row + step] > last_ns) {
      return row + step;
    }
    for (step = 1; row + step < end && times_[row + step] <= last_ns; step *= 2) low = row + step;
    const int64_t* found =
        std::upper_bound(times_ + low, times_ + std::min(row + step, end), last_ns);
    last_rows_ = static_cast<size_t>(found - times_) - row;
    return row + last_rows_;
  }

 private:
  const int64_t* times_;
  size_t last_rows_ = 0;
};

struct ColumnRows {
  model::FieldType type = model::FieldType::float64;
  std::optional<RegularTimes> regular;
  const int64_t* times = nullptr;  // if they are not regular; the source's
  ValueBuffer bits;
  size_t begin = 0, end = 0;  // the rows in range
};

}  // namespace weir::store
