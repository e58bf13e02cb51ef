// What tests of the journal share: an image as text, and ops made by a seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "mqtt/journal_image.h"

namespace weir::mqtt {

// Every fact of an image in one order, whatever its history.
std::string image_text(const JournalImage& image);

// Ops as a broker might append them, in batches that keep a message and what speaks of it together.
class RandomOps {
 public:
  explicit RandomOps(uint64_t seed) : random_(seed) {}
  std::vector<Op> batch();

 private:
  size_t below(size_t bound) {
    return std::uniform_int_distribution<size_t>(0, bound - 1)(random_);
  }
  MessagePtr message();
  Op of_session(OpKind kind);
  void add_message(std::vector<Op>& ops);
  void add_step(std::vector<Op>& ops);

  std::mt19937_64 random_;
  uint64_t next_session_ = 1, next_number_ = 1;
  std::vector<uint64_t> sessions_;
  std::vector<std::pair<uint64_t, uint64_t>> open_;  // session, number
};

}  // namespace weir::mqtt
