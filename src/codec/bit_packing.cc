#include "codec/bit_packing.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "codec/column_format.h"
#include "codec/unpack.h"

namespace weir::codec {
namespace {

constexpr uint64_t mask_of(unsigned width) {
  return width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
}

// An exception costs its gap (two bytes below 16384, else three) and its high bits, seven a byte.
constexpr size_t exception_bytes(unsigned high_bits) { return 3 + (high_bits + 6) / 7; }

}  // namespace

void append_bits(std::span<const uint64_t> values, unsigned width, std::string& out) {
  if (width == 0) return;
  const uint64_t mask = mask_of(width);
  const size_t begin = out.size();
  out.resize(begin + packed_bytes(values.size(), width) + 8);  // whole words are stored; cut below
  char* place = out.data() + begin;
  uint64_t word = 0;
  unsigned filled = 0;
  for (uint64_t value : values) {
    value &= mask;
    word |= value << filled;
    filled += width;
    if (filled >= 64) {
      std::memcpy(place, &word, 8);
      place += 8;
      filled -= 64;
      word = filled == 0 ? 0 : value >> (width - filled);
    }
  }
  std::memcpy(place, &word, 8);
  out.resize(begin + packed_bytes(values.size(), width));
}

// Values whose loads stay inside `bits` are read in place, the few behind them from a padded copy
// of the tail.
void read_bits(std::string_view bits, unsigned width, std::span<uint64_t> values,
               uint64_t reference) {
  if (width == 0 || values.empty()) return std::fill(values.begin(), values.end(), reference);
  bits = bits.substr(0, packed_bytes(values.size(), width));
  const size_t safe_bytes = bits.size() > kUnpackPadding ? bits.size() - kUnpackPadding : 0;
  size_t in_place = std::min(values.size(), safe_bytes * 8 / width) / 8 * 8;
  unpack(bits.data(), in_place, width, values.data(), reference);
  const std::string_view tail = bits.substr(in_place * width / 8);
  // Less than 8 values that end in the safe bytes, and the bytes kept back, before the padding.
  char padded[8 * 8 + 2 * kUnpackPadding] = {};
  WEIR_ASSERT(tail.size() + kUnpackPadding <= sizeof(padded),
              "the tail of a packed block is short");
  std::memcpy(padded, tail.data(), tail.size());
  unpack(padded, values.size() - in_place, width, values.data() + in_place, reference);
}

PackedPlan PackedPlan::from_max(size_t count, uint64_t max) {
  const unsigned width = bit_width(max);
  return {.width = width, .exceptions = 0, .size_bytes = 1 + packed_bytes(count, width)};
}

PackedPlan PackedPlan::from_widths(size_t count, const std::array<uint32_t, 65>& counts) {
  unsigned widest = 64;
  while (widest > 0 && counts[widest] == 0) widest--;
  PackedPlan best{widest, 0, 1 + packed_bytes(count, widest)};
  size_t exceptions = 0;
  // Narrower and narrower, as long as few enough values stand out to pay for.
  for (unsigned width = widest; width-- > 0;) {
    exceptions += counts[width + 1];
    if (exceptions > count / 8 + 1) break;
    size_t size = 1 + packed_bytes(count, width) + (exceptions < 128 ? 1 : 3);
    for (unsigned high = width + 1; high <= widest; high++) {
      size += counts[high] * exception_bytes(high - width);
    }
    if (size < best.size_bytes) best = {width, exceptions, size};
  }
  return best;
}

void append_packed_head(std::span<const uint64_t> values, const PackedPlan& plan,
                        std::string& out) {
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(plan.width | (plan.exceptions > 0 ? kPackedExceptions : 0)));
  if (plan.exceptions == 0) return;
  writer.varint(plan.exceptions);
  size_t next = 0;
  for (size_t i = 0; i < values.size(); i++) {
    if (bit_width(values[i]) <= plan.width) continue;
    writer.varint(i - next);
    writer.varint(values[i] >> plan.width);
    next = i + 1;
  }
}

void append_packed(std::span<const uint64_t> values, const PackedPlan& plan, std::string& out) {
  append_packed_head(values, plan, out);
  append_bits(values, plan.width, out);
}

Result<PackedHead> PackedHead::read(ByteReader& in, size_t count) {
  const uint8_t byte = in.u8();
  const unsigned width = byte & ~kPackedExceptions;
  if (!in.ok() || width > 64) return Error{Errc::invalid, "packed block: width over 64 bits"};
  const bool has_exceptions = (byte & kPackedExceptions) != 0;
  const uint64_t exceptions = has_exceptions ? in.varint() : 0;
  if (exceptions > count || (has_exceptions && width == 64)) {
    return Error{Errc::invalid, "packed block: more exceptions than values"};
  }
  PackedHead head(in);  // read again by patch(), once the values are there
  head.width_ = width;
  head.count_ = exceptions;
  for (uint64_t i = 0; i < exceptions; i++) in.varint(), in.varint();
  if (!in.ok()) return Error{Errc::invalid, "packed block: cut short"};
  return head;
}

Result<void> PackedHead::patch(size_t count, std::span<uint64_t> values) const {
  ByteReader in = exceptions_;
  size_t next = 0;
  for (uint64_t i = 0; i < count_; i++) {
    const uint64_t gap = in.varint();
    if (gap >= count - next) {
      return Error{Errc::invalid, "packed block: exception behind the last value"};
    }
    next += gap;
    if (next >= values.size()) break;
    values[next++] += in.varint() << width_;
  }
  return {};
}

Result<void> read_packed(ByteReader& in, size_t count, std::span<uint64_t> values,
                         uint64_t reference) {
  WEIR_TRY(PackedHead head, PackedHead::read(in, count));
  const std::string_view bits = in.bytes(packed_bytes(count, head.width()));
  if (!in.ok()) return Error{Errc::invalid, "packed block: cut short"};
  read_bits(bits, head.width(), values, reference);
  return head.patch(count, values);
}

}  // namespace weir::codec
