// Booleans: a bitmap, or the lengths of alternating runs.
#include <algorithm>

#include "base/assert.h"
#include "codec/column_codec.h"
#include "codec/column_format.h"

namespace weir::codec {
namespace {

void append_runs(std::span<const uint8_t> values, std::string& out) {
  ByteWriter writer(out);
  size_t runs = 1;
  for (size_t i = 1; i < values.size(); i++) runs += !values[i] != !values[i - 1] ? 1 : 0;
  writer.u8(values[0] != 0 ? 1 : 0);
  writer.varint(runs);
  for (size_t begin = 0; begin < values.size();) {
    size_t end = begin + 1;
    while (end < values.size() && !values[end] == !values[begin]) end++;
    writer.varint(end - begin - 1);
    begin = end;
  }
}

void append_bitmap(std::span<const uint8_t> values, std::string& out) {
  for (size_t i = 0; i < values.size(); i += 8) {
    unsigned byte = 0;
    for (size_t k = i; k < std::min(i + 8, values.size()); k++) {
      byte |= (values[k] != 0 ? 1u : 0u) << (k - i);
    }
    out.push_back(static_cast<char>(byte));
  }
}

Result<void> read_runs(ByteReader& in, std::vector<uint8_t>& out) {
  uint8_t value = in.u8() & 1;
  const uint64_t runs = in.varint();
  size_t filled = 0;
  for (uint64_t run = 0; run < runs && filled < out.size(); run++, value ^= 1) {
    const uint64_t more = in.varint();
    if (!in.ok() || more >= out.size() - filled) break;
    std::fill_n(out.begin() + static_cast<ptrdiff_t>(filled), more + 1, value);
    filled += more + 1;
  }
  if (!in.ok() || filled != out.size()) {
    return Error{Errc::invalid, "boolean runs do not add up to the row count"};
  }
  return {};
}

}  // namespace

void encode_bools(std::span<const uint8_t> values, std::string& out) {
  WEIR_ASSERT(values.size() <= kColumnRowsMax, "a boolean column over kColumnRowsMax rows");
  const size_t begin = out.size();
  if (!values.empty()) {
    out.push_back(static_cast<char>(BoolMode::runs));
    append_runs(values, out);
    if (out.size() - begin <= 1 + (values.size() + 7) / 8) return;
    out.resize(begin);
  }
  out.push_back(static_cast<char>(BoolMode::bitmap));
  append_bitmap(values, out);
}

Result<void> decode_bools(ByteReader& in, size_t rows, std::vector<uint8_t>& out) {
  if (rows > kColumnRowsMax) return Error{Errc::invalid, "booleans: too many rows"};
  out.assign(rows, 0);
  const auto mode = static_cast<BoolMode>(in.u8());
  if (!in.ok()) return Error{Errc::invalid, "booleans: no mode byte"};
  if (mode == BoolMode::runs) return read_runs(in, out);
  if (mode != BoolMode::bitmap) return Error{Errc::invalid, "booleans: unknown mode"};
  const std::string_view bits = in.bytes((rows + 7) / 8);
  if (!in.ok()) return Error{Errc::invalid, "boolean bitmap: cut short"};
  for (size_t i = 0; i < rows; i++) {
    out[i] = static_cast<uint8_t>((static_cast<uint8_t>(bits[i / 8]) >> (i % 8)) & 1);
  }
  return {};
}

}  // namespace weir::codec
