// Packed blocks: unsigned values in as few bits as most of them need, the rest as exceptions.
//
// Shape and bytes: column_format.h, "Packed block". PackedPlan finds the width that makes a block
// smallest and says its size before anything is written. Decoding checks every read against the
// input and fails with Errc::invalid.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace weir::codec {

// The number of bits that `value` needs: 0 for 0, 64 for values from 2^63.
constexpr unsigned bit_width(uint64_t value) {
  return value == 0 ? 0 : 64 - static_cast<unsigned>(__builtin_clzll(value));
}

struct PackedPlan {
  unsigned width = 0;
  size_t exceptions = 0;
  size_t size_bytes = 0;  // of the block; at most, if there are exceptions

  // For `count` values of which counts[w] need exactly w bits.
  static PackedPlan from_widths(size_t count, const std::array<uint32_t, 65>& counts);
  // For `count` values whose largest is `max`, without exceptions.
  static PackedPlan from_max(size_t count, uint64_t max);
};

void append_packed(std::span<const uint64_t> values, const PackedPlan& plan, std::string& out);

// What makes a packed or cold block of a plan: width byte and exceptions; the bits alone. Values
// may be wider than the plan: their lowest bits are taken.
void append_packed_head(std::span<const uint64_t> values, const PackedPlan& plan, std::string& out);
void append_bits(std::span<const uint64_t> values, unsigned width, std::string& out);

constexpr size_t packed_bytes(size_t count, unsigned width) { return (count * width + 7) / 8; }
constexpr size_t varint_bytes(uint64_t value) { return (bit_width(value | 1) + 6) / 7; }
constexpr size_t signed_varint_bytes(uint64_t value) {
  return varint_bytes((value << 1) ^ (uint64_t{0} - (value >> 63)));
}

// The head of a packed or cold block.
class PackedHead {
 public:
  // For `count` values.
  static Result<PackedHead> read(ByteReader& in, size_t count);
  unsigned width() const { return width_; }
  // Adds the exceptions' high bits to the values, the first of `count`.
  Result<void> patch(size_t count, std::span<uint64_t> values) const;

 private:
  explicit PackedHead(ByteReader exceptions) : exceptions_(exceptions) {}
  unsigned width_ = 0;
  uint64_t count_ = 0;
  ByteReader exceptions_;
};

// Fills `values` from `bits`, which has packed_bytes() of them or more, each plus `reference`.
void read_bits(std::string_view bits, unsigned width, std::span<uint64_t> values,
               uint64_t reference);

// Fills `values` with the first values of a block of `count`, each plus `reference`.
Result<void> read_packed(ByteReader& in, size_t count, std::span<uint64_t> values,
                         uint64_t reference);

}  // namespace weir::codec
