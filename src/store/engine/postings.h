// IdSet: the series that share a tag, in few bytes when they are few.
//
// Ids are added in ascending order, as series are created. Up to kSortedMax they are a sorted
// vector (a unique tag must not cost a bitmap's hundred bytes), beyond it a Roaring bitmap.
#pragma once

#include <cstdint>
#include <memory>
#include <roaring/roaring.hh>
#include <vector>

namespace weir::store {

class IdSet {
 public:
  void add(uint32_t id) {
    if (bitmap_ != nullptr) return bitmap_->add(id);
    if (!ids_.empty() && ids_.back() >= id) return;
    ids_.push_back(id);
    if (ids_.size() <= kSortedMax) return;
    bitmap_ = std::make_unique<Roaring>(ids_.size(), ids_.data());
    ids_ = {};
  }
  void add_to(Roaring& set) const {
    if (bitmap_ != nullptr) {
      set |= *bitmap_;
    } else {
      set.addMany(ids_.size(), ids_.data());
    }
  }
  uint64_t size() const { return bitmap_ != nullptr ? bitmap_->cardinality() : ids_.size(); }

 private:
  static constexpr size_t kSortedMax = 64;  // a vector of these is as large as an empty bitmap
  std::vector<uint32_t> ids_;
  std::unique_ptr<Roaring> bitmap_;
};

}  // namespace weir::store
