// Where line protocol's structural characters stand in a text: , = space newline " and backslash.
//
// The scanner classifies 64 bytes at a time and hands out positions one by one, in order, so that
// the parser never looks at the bytes between them. After the last one it yields the text's size
// for ever, which reads as the end of the last line.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::model {

class LineStructure {
 public:
  explicit LineStructure(std::string_view text) : text_(text) {}

  // The next structural position.
  size_t next() {
    if (at_ == count_) refill();
    return base_ + found_[at_++];
  }
  // Drops positions before `position`, after the parser went its own way.
  void skip_to(size_t position) {
    for (;;) {
      while (at_ < count_ && base_ + found_[at_] < position) at_++;
      if (at_ < count_ || scanned_ >= text_.size()) return;
      refill();
    }
  }

 private:
  static constexpr size_t kWindowBytes = 2048;  // its positions stay in the first-level cache
  void refill();

  std::string_view text_;
  size_t scanned_ = 0;  // bytes classified so far
  size_t base_ = 0;     // what found_ counts from
  size_t at_ = 0, count_ = 0;
  // Written eight at a time, hence the slack.
  std::array<uint32_t, kWindowBytes + 8> found_;
};

}  // namespace weir::model
