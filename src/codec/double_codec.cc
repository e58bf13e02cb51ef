// Doubles: one value, scaled decimals, or bit patterns as integers.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <vector>

#include "base/assert.h"
#include "codec/bit_packing.h"
#include "codec/column_codec.h"
#include "codec/column_format.h"
#include "codec/decimal.h"
#include "codec/integer_codec.h"

namespace weir::codec {
namespace {

// Enough to see what a column is made of; looking at all values of noise would cost 17 divisions
// each.
constexpr size_t kSampleRows = 64;
constexpr size_t kExceptionBits = 80;         // 8 bytes of value and mostly one or two of position
constexpr unsigned kBitsPerDigitTenths = 33;  // log2(10) = 3.32

std::optional<unsigned> digits_of(double value, unsigned from) {
  int64_t integer;
  for (unsigned digits = from; digits <= kDecimalDigitsMax; digits++) {
    if (scale_decimal(value, digits, integer)) return digits;
  }
  return std::nullopt;
}

// The fewest digits that suit half of the sample's decimals; nothing if decimals are too few.
std::optional<unsigned> sampled_digits(std::span<const double> values) {
  std::array<size_t, kDecimalDigitsMax + 1> counts{};
  size_t decimals = 0, sampled = 0;
  const size_t step = std::max<size_t>(1, values.size() / kSampleRows);
  for (size_t i = 0; i < values.size(); i += step, sampled++) {
    const auto digits = digits_of(values[i], 0);
    if (!digits) continue;
    counts[*digits]++;
    decimals++;
  }
  if (decimals * 4 < sampled * 3) return std::nullopt;
  unsigned digits = 0;
  for (size_t seen = counts[0]; seen * 2 < decimals;) seen += counts[++digits];
  return digits;
}

// More digits turn exceptions into decimals and make every integer longer: the cheapest balance.
unsigned best_digits(std::span<const double> values, unsigned sampled) {
  std::array<size_t, kDecimalDigitsMax + 1> need_more{};
  size_t exceptions = 0;
  int64_t integer;
  for (double value : values) {
    if (scale_decimal(value, sampled, integer)) continue;
    exceptions++;
    if (auto digits = digits_of(value, sampled + 1)) need_more[*digits]++;
  }
  unsigned best = sampled;
  size_t best_bits = exceptions * kExceptionBits;
  for (unsigned digits = sampled + 1; digits <= kDecimalDigitsMax && exceptions > 0; digits++) {
    exceptions -= need_more[digits];
    const size_t bits =
        exceptions * kExceptionBits + values.size() * (digits - sampled) * kBitsPerDigitTenths / 10;
    if (bits < best_bits) best = digits, best_bits = bits;
  }
  return best;
}

void append_decimals(std::span<const double> values, unsigned digits, Effort effort,
                     std::string& out) {
  ByteWriter writer(out);
  std::vector<uint64_t> integers(values.size());
  std::vector<size_t> exceptions;
  uint64_t last = 0;  // stands in for exceptions, so that they cost no width
  for (size_t i = 0; i < values.size(); i++) {
    int64_t integer = 0;
    if (scale_decimal(values[i], digits, integer)) {
      last = static_cast<uint64_t>(integer);
    } else {
      exceptions.push_back(i);
    }
    integers[i] = last;
  }
  if (!exceptions.empty() &&
      exceptions[0] == 0) {  // nothing before it to repeat: take what follows
    size_t first = 0;
    while (first < exceptions.size() && exceptions[first] == first) first++;
    if (first < integers.size()) std::fill_n(integers.begin(), first, integers[first]);
  }
  writer.u8(static_cast<uint8_t>(digits));
  writer.varint(exceptions.size());
  size_t next = 0;
  for (size_t i : exceptions) {
    writer.varint(i - next);
    writer.le(std::bit_cast<uint64_t>(values[i]));
    next = i + 1;
  }
  encode_integers(integers, effort, out);
}

Result<void> read_decimals(ByteReader& in, size_t rows, std::span<uint64_t> values) {
  const unsigned digits = in.u8();
  const uint64_t exceptions = in.varint();
  if (!in.ok() || digits > kDecimalDigitsMax || exceptions > rows) {
    return Error{Errc::invalid, "decimals: digits or exceptions out of range"};
  }
  ByteReader exception_reader = in;  // read again below, once the values are there
  for (uint64_t i = 0; i < exceptions; i++) in.varint(), in.bytes(8);
  WEIR_CHECK(decode_integers(in, rows, values));
  unscale_decimals(values, digits);
  size_t next = 0;
  for (uint64_t i = 0; i < exceptions; i++) {
    const uint64_t gap = exception_reader.varint();
    if (gap >= rows - next) {
      return Error{Errc::invalid, "decimals: exception behind the last value"};
    }
    next += gap;
    if (next >= values.size()) break;
    values[next++] = exception_reader.le<uint64_t>();
  }
  return {};
}

// Sign, exponent and the first digits of real doubles have few values, what follows is noise: the
// shortest of several places to cut. Empty if none is shorter than `size_max`.
std::string split_payload(std::span<const uint64_t> bits, Effort effort, size_t size_max) {
  constexpr unsigned kTailBits[] = {52, 48, 56, 44, 40};
  std::string best;
  std::vector<uint64_t> fronts(bits.size());
  for (unsigned tail : kTailBits) {
    if (effort == Effort::quick && tail < 48) break;
    for (size_t i = 0; i < bits.size(); i++) fronts[i] = bits[i] >> tail;
    std::string payload(1, static_cast<char>(tail));
    encode_integers(fronts, effort, payload);
    if (payload.size() + 1 + packed_bytes(bits.size(), tail) >= size_max) continue;
    append_packed(bits, {tail, 0, 0}, payload);
    size_max = payload.size();
    best = std::move(payload);
  }
  return best;
}

Result<void> read_split(ByteReader& in, size_t rows, std::span<uint64_t> values) {
  const unsigned tail = in.u8();
  if (!in.ok() || tail == 0 || tail > 63) {
    return Error{Errc::invalid, "split doubles: width out of range"};
  }
  thread_local std::vector<uint64_t> fronts;  // at most kColumnRowsMax, kept for the next column
  fronts.resize(values.size());
  WEIR_CHECK(decode_integers(in, rows, fronts));
  WEIR_CHECK(read_packed(in, rows, values, 0));
  for (size_t i = 0; i < values.size(); i++) values[i] |= fronts[i] << tail;
  return {};
}

}  // namespace

void encode_doubles(std::span<const double> values, Effort effort, std::string& out) {
  WEIR_ASSERT(values.size() <= kColumnRowsMax, "a double column over kColumnRowsMax rows");
  ByteWriter writer(out);
  auto put_mode = [&](DoubleMode mode) { writer.u8(static_cast<uint8_t>(mode)); };
  if (values.empty()) return put_mode(DoubleMode::raw);
  if (std::memcmp(values.data(), values.data() + 1, values.size_bytes() - 8) == 0) {
    put_mode(DoubleMode::equal);
    return writer.le(std::bit_cast<uint64_t>(values[0]));
  }
  std::string best(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  DoubleMode mode = DoubleMode::raw;
  auto consider = [&](DoubleMode other, std::string payload) {
    if (payload.empty() || payload.size() >= best.size()) return;
    mode = other;
    best = std::move(payload);
  };
  if (const auto sampled = sampled_digits(values)) {
    std::string payload;
    append_decimals(values, best_digits(values, *sampled), effort, payload);
    consider(DoubleMode::decimal, std::move(payload));
  }
  // Decimals that took half of the room are what the column is made of.
  if (best.size() > values.size_bytes() / 2) {
    std::vector<uint64_t> bits(values.size());
    std::memcpy(bits.data(), values.data(), values.size_bytes());
    std::string payload;
    encode_integers(bits, effort, payload);
    consider(DoubleMode::bits, std::move(payload));
    consider(DoubleMode::split, split_payload(bits, effort, best.size()));
  }
  put_mode(mode);
  writer.bytes(best);
}

Result<void> decode_doubles(ByteReader& in, size_t rows, std::vector<double>& out) {
  if (rows > kColumnRowsMax) return Error{Errc::invalid, "doubles: too many rows"};
  out.resize(rows);
  thread_local std::vector<uint64_t> bits;  // at most kColumnRowsMax, kept for the next column
  WEIR_CHECK(decode_double_bits(in, rows, bits));
  if (rows > 0) std::memcpy(out.data(), bits.data(), rows * sizeof(double));
  return {};
}

Result<void> decode_double_bits(ByteReader& in, size_t rows, std::vector<uint64_t>& out) {
  if (rows > kColumnRowsMax) return Error{Errc::invalid, "doubles: too many rows"};
  out.resize(rows);
  return decode_first_double_bits(in, rows, out);
}

Result<void> decode_first_double_bits(ByteReader& in, size_t rows, std::span<uint64_t> out) {
  if (rows > kColumnRowsMax) return Error{Errc::invalid, "doubles: too many rows"};
  const auto mode = static_cast<DoubleMode>(in.u8());
  if (!in.ok()) return Error{Errc::invalid, "doubles: no mode byte"};
  switch (mode) {
    case DoubleMode::raw: {
      const std::string_view bytes = in.bytes(rows * sizeof(double));
      if (!in.ok()) return Error{Errc::invalid, "raw doubles: cut short"};
      if (!out.empty()) std::memcpy(out.data(), bytes.data(), out.size_bytes());
      return {};
    }
    case DoubleMode::equal:
      std::fill(out.begin(), out.end(), in.le<uint64_t>());
      if (!in.ok()) return Error{Errc::invalid, "equal doubles: cut short"};
      return {};
    case DoubleMode::decimal:
      return read_decimals(in, rows, out);
    case DoubleMode::bits:
      return decode_integers(in, rows, out);
    case DoubleMode::split:
      return read_split(in, rows, out);
    default:
      return Error{Errc::invalid, "doubles: unknown mode"};
  }
}

}  // namespace weir::codec
