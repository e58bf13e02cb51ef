#include "store/influxd/simple8b.h"

#include <fmt/core.h>

#include "base/bytes.h"

namespace weir::store::influxd {
namespace {

struct Packing {
  uint8_t count, bits;
};
constexpr Packing kPackings[16] = {{240, 0}, {120, 0}, {60, 1}, {30, 2}, {20, 3}, {15, 4},
                                   {12, 5},  {10, 6},  {8, 7},  {7, 8},  {6, 10}, {5, 12},
                                   {4, 15},  {3, 20},  {2, 30}, {1, 60}};

}  // namespace

Result<void> decode_simple8b(std::string_view words, size_t count_max,
                             std::vector<uint64_t>& values) {
  if (words.size() % 8 != 0) {
    return Error{Errc::invalid,
                 fmt::format("simple-8b: got {} bytes, wanted whole words of 8", words.size())};
  }
  ByteReader reader(words);
  while (!reader.at_end()) {
    uint64_t word = reader.be<uint64_t>();
    const Packing packing = kPackings[word >> 60];
    if (values.size() + packing.count > count_max) {
      return Error{Errc::invalid, fmt::format("simple-8b: more than {} values", count_max)};
    }
    if (packing.bits == 0) {
      values.insert(values.end(), packing.count, 1);
      continue;
    }
    const uint64_t mask = (uint64_t{1} << packing.bits) - 1;
    for (int i = 0; i < packing.count; i++, word >>= packing.bits) values.push_back(word & mask);
  }
  return {};
}

}  // namespace weir::store::influxd
