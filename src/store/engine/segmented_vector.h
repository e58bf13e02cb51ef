// SegmentedVector: an array that grows without moving what it has, for millions of small values.
//
// A vector that doubles holds up to twice what it needs, and three times while it grows. Here the
// slack is one segment. Segments nobody needs can be given back. Plain values only. One writer or
// many readers.
#pragma once

#include <algorithm>
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
  T& at(size_t at) { return const_cast<T&>((*this)[at]); }
  size_t size() const { return size_; }

  static constexpr size_t kSegment = 4096;
  // Goes on at `size`; nobody may look at what is between. Segments that lie there take no memory.
  void skip_to(size_t size) {
    if (size <= size_) return;
    if (size_ < kSegment) first_.resize(std::min(size, kSegment));
    size_t segments = (size + kSegment - 1) / kSegment;
    size_t had = more_.size();
    more_.resize(std::max(segments, size_t(1)) - 1);
    // The last one goes on to be filled.
    if (more_.size() > had && size % kSegment != 0) {
      more_.back() = std::make_unique_for_overwrite<T[]>(kSegment);
    }
    size_ = size;
  }
  // Gives back the segment of `at`, which nobody may look at any more. The first and the last stay.
  void release(size_t at) {
    if (at >= kSegment && at / kSegment < size_ / kSegment) more_[at / kSegment - 1].reset();
  }

 private:
  std::vector<T> first_;
  std::vector<std::unique_ptr<T[]>> more_;
  size_t size_ = 0;
};

}  // namespace weir::store
