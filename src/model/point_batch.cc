#include "model/point_batch.h"

#include <algorithm>
#include <cstring>

namespace weir::model {

std::string_view PointBatch::copy(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > block_size_ - block_used_) {
    if (text.size() > kLastBlockBytes / 4) return hold(std::make_shared<const std::string>(text));
    block_size_ = std::clamp(block_size_ * 2, kFirstBlockBytes, kLastBlockBytes);
    block_size_ = std::max(block_size_, text.size());
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_size_));
    block_used_ = 0;
  }
  char* place = blocks_.back().get() + block_used_;
  std::memcpy(place, text.data(), text.size());
  block_used_ += text.size();
  return {place, text.size()};
}

}  // namespace weir::model
