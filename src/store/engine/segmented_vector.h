// SegmentedVector: an array that grows without moving what it has, for millions of small values.
//
// A vector that doubles holds up to twice what it needs, and three times while it grows. Here the
// slack is one segment. Plain values only. One writer or many readers.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <vector>

namespace weir::store {

template <class T>
class SegmentedVector {
 public:
  static_assert(std::is_trivially_copyable_v<T>);

  void push_back(T value) {
    // The first segment grows like a vector, so that small arrays stay small.
    if (size_ < kSegment) {
      first_.push_back(value);
    } else {
      if (size_ % kSegment == 0) more_.push_back(std::make_unique_for_overwrite<T[]>(kSegment));
      more_.back()[size_ % kSegment] = value;
    }
    size_++;
  }
  const T& operator[](size_t at) const {
    return at < kSegment ? first_[at] : more_[at / kSegment - 1][at % kSegment];
  }
  size_t size() const { return size_; }

 private:
  static constexpr size_t kSegment = 4096;
  std::vector<T> first_;
  std::vector<std::unique_ptr<T[]>> more_;
  size_t size_ = 0;
};

}  // namespace weir::store
