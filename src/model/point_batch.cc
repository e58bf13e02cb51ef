#include "model/point_batch.h"

#include <cstring>

namespace weir::model {

std::string_view PointBatch::copy(std::string_view text) {
  if (text.size() > kBlockBytes / 4) {
    return hold(std::make_shared<const std::string>(text));
  }
  if (block_used_ + text.size() > kBlockBytes) {
    blocks_.push_back(std::make_unique<char[]>(kBlockBytes));
    block_used_ = 0;
  }
  char* place = blocks_.back().get() + block_used_;
  if (!text.empty()) std::memcpy(place, text.data(), text.size());
  block_used_ += text.size();
  return {place, text.size()};
}

}  // namespace weir::model
