#include "codec/light_column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <vector>

#include "base/assert.h"
#include "codec/bit_packing.h"
#include "codec/column_codec.h"
#include "codec/decimal.h"
#include "codec/unpack.h"

namespace weir::codec {
namespace {

enum class LightKind : uint8_t { offset = 0, steps = 1 };
constexpr uint8_t kBitPatterns = 255;

// Neighbours looked at to tell whether they are nearer to each other than all values are.
constexpr size_t kSampledSteps = 32;
// Wider blocks may be wide for a few values only; narrower ones gain too little from looking.
constexpr unsigned kOutlierWidthMin = 13;

constexpr size_t kSampledDoubles = 16;
// So many of the first samples that are no decimals end the search: it costs most for these.
constexpr size_t kNoDecimalsAtFirst = 4;
// With more exceptions than one in so many values the bit patterns are as short.
constexpr size_t kExceptionShare = 8;

// Reused by the columns of a thread; at most kColumnRowsMax values.
std::vector<uint64_t>& scratch(size_t size) {
  thread_local std::vector<uint64_t> values;
  values.resize(size);
  return values;
}

uint64_t zigzag(uint64_t value) { return (value << 1) ^ (uint64_t{0} - (value >> 63)); }

PackedPlan plan_with_outliers(std::span<const uint64_t> values) {
  // Two histograms, so that equal neighbours do not wait for each other's increment.
  std::array<uint32_t, 65> counts{}, odd{};
  size_t i = 0;
  for (; i + 1 < values.size(); i += 2) {
    counts[bit_width(values[i])]++;
    odd[bit_width(values[i + 1])]++;
  }
  if (i < values.size()) counts[bit_width(values[i])]++;
  for (size_t w = 0; w < counts.size(); w++) counts[w] += odd[w];
  return PackedPlan::from_widths(values.size(), counts);
}

// What most steps are near to, and how many bits three quarters of them take from there.
struct Steps {
  uint64_t usual = 0;
  unsigned width = 64;
};
Steps sampled_steps(std::span<const uint64_t> values) {
  std::array<int64_t, kSampledSteps> steps;
  const size_t gaps = values.size() - 1, size = std::min(gaps, steps.size());
  for (size_t k = 0; k < size; k++) {
    const size_t i = k * gaps / size;
    steps[k] = static_cast<int64_t>(values[i + 1] - values[i]);
  }
  const auto end = steps.begin() + static_cast<ptrdiff_t>(size);
  const auto middle = steps.begin() + static_cast<ptrdiff_t>(size / 2);
  std::nth_element(steps.begin(), middle, end);
  const auto usual = static_cast<uint64_t>(*middle);
  std::array<unsigned, kSampledSteps> widths;
  for (size_t k = 0; k < size; k++) {
    widths[k] = bit_width(zigzag(static_cast<uint64_t>(steps[k]) - usual));
  }
  const auto most = widths.begin() + static_cast<ptrdiff_t>(size * 3 / 4);
  std::nth_element(widths.begin(), most, widths.begin() + static_cast<ptrdiff_t>(size));
  return {usual, *most};
}

void append_steps(std::span<const uint64_t> values, uint64_t usual, std::string& out) {
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(LightKind::steps));
  writer.signed_varint(static_cast<int64_t>(usual));
  writer.signed_varint(static_cast<int64_t>(values[0]));
  std::vector<uint64_t>& rest = scratch(values.size() - 1);
  for (size_t i = 0; i < rest.size(); i++) rest[i] = zigzag(values[i + 1] - values[i] - usual);
  append_packed(rest, plan_with_outliers(rest), out);
}

std::optional<unsigned> digits_of(double value) {
  int64_t integer;
  for (unsigned digits = 0; digits <= kDecimalDigitsMax; digits++) {
    if (scale_decimal(value, digits, integer)) return digits;
  }
  return std::nullopt;
}

// The most digits that a sample's decimals have; nothing if too few are decimals.
std::optional<unsigned> sampled_digits(std::span<const uint64_t> bits) {
  const size_t size = std::min(bits.size(), kSampledDoubles);
  size_t decimals = 0;
  unsigned most = 0;
  for (size_t k = 0; k < size; k++) {
    const auto digits = digits_of(std::bit_cast<double>(bits[k * bits.size() / size]));
    if (digits) {
      decimals++;
      most = std::max(most, *digits);
    } else if (decimals == 0 && k + 1 == kNoDecimalsAtFirst) {
      return std::nullopt;
    }
  }
  if (decimals * 4 < size * 3) return std::nullopt;
  return most;
}

// Adding 1.5 * 2^52 rounds a double below 2^51 to an integer, which then is the sum's low bits.
constexpr double kRounder = 6755399441055744.0;

// Fills `integers`, and notes where that loses something: there the integer before stands.
void scale_all(std::span<const uint64_t> bits, unsigned digits, std::vector<uint64_t>& integers,
               std::vector<uint32_t>& exceptions) {
  const double power = kPowersOfTen[digits];
  uint64_t last = 0;
  for (size_t i = 0; i < bits.size(); i++) {
    const double scaled = std::bit_cast<double>(bits[i]) * power;
    const double sum = scaled + kRounder;
    const double back = (sum - kRounder) / power;
    if (std::bit_cast<uint64_t>(back) == bits[i] && std::abs(scaled) < kScaledMax) [[likely]] {
      last = std::bit_cast<uint64_t>(sum) - std::bit_cast<uint64_t>(kRounder);
    } else {
      exceptions.push_back(static_cast<uint32_t>(i));
    }
    integers[i] = last;
  }
}

}  // namespace

void append_light_integers(std::span<const uint64_t> values, std::string& out) {
  WEIR_ASSERT(!values.empty() && values.size() <= kColumnRowsMax, "a light column's rows");
  auto low = static_cast<int64_t>(values[0]), high = low;
  for (uint64_t value : values) {
    low = std::min(low, static_cast<int64_t>(value));
    high = std::max(high, static_cast<int64_t>(value));
  }
  const uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  if (values.size() > 2 && range > 1) {
    const Steps steps = sampled_steps(values);
    if (steps.width < bit_width(range)) return append_steps(values, steps.usual, out);
  }
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(LightKind::offset));
  writer.signed_varint(low);
  std::vector<uint64_t>& rest = scratch(values.size());
  for (size_t i = 0; i < rest.size(); i++) rest[i] = values[i] - static_cast<uint64_t>(low);
  const bool may_have_outliers = bit_width(range) >= kOutlierWidthMin;
  append_packed(
      rest, may_have_outliers ? plan_with_outliers(rest) : PackedPlan::from_max(rest.size(), range),
      out);
}

Result<void> read_light_integers(ByteReader& in, std::span<uint64_t> values) {
  const auto kind = static_cast<LightKind>(in.u8());
  const auto reference = static_cast<uint64_t>(in.signed_varint());
  if (!in.ok() || values.empty()) return Error{Errc::invalid, "a light column is cut short"};
  if (kind == LightKind::offset) return read_packed(in, values.size(), values, reference);
  if (kind != LightKind::steps) return Error{Errc::invalid, "light integers: unknown kind"};
  values[0] = static_cast<uint64_t>(in.signed_varint());
  const std::span<uint64_t> rest = values.subspan(1);
  WEIR_CHECK(read_packed(in, rest.size(), rest, 0));
  unzigzag(rest, reference);
  add_up(values);
  return {};
}

void append_light_doubles(std::span<const uint64_t> bits, std::string& out) {
  WEIR_ASSERT(!bits.empty() && bits.size() <= kColumnRowsMax, "a light column's rows");
  ByteWriter writer(out);
  if (const auto digits = sampled_digits(bits)) {
    thread_local std::vector<uint64_t> integers;  // at most kColumnRowsMax of each
    thread_local std::vector<uint32_t> exceptions;
    integers.resize(bits.size());
    exceptions.clear();
    scale_all(bits, *digits, integers, exceptions);
    if (exceptions.size() * kExceptionShare <= bits.size()) {
      writer.u8(static_cast<uint8_t>(*digits));
      writer.varint(exceptions.size());
      size_t next = 0;
      for (const uint32_t i : exceptions) {
        writer.varint(i - next);
        writer.le(bits[i]);
        next = i + 1;
      }
      return append_light_integers(integers, out);
    }
  }
  writer.u8(kBitPatterns);
  append_light_integers(bits, out);
}

Result<void> read_light_doubles(ByteReader& in, std::span<uint64_t> bits) {
  const uint8_t digits = in.u8();
  if (!in.ok()) return Error{Errc::invalid, "a light column is cut short"};
  if (digits == kBitPatterns) return read_light_integers(in, bits);
  const uint64_t exceptions = in.varint();
  if (!in.ok() || digits > kDecimalDigitsMax || exceptions > bits.size()) {
    return Error{Errc::invalid, "light doubles: digits or exceptions out of range"};
  }
  ByteReader exception_reader = in;  // read again below, once the values are there
  for (uint64_t i = 0; i < exceptions; i++) in.varint(), in.bytes(sizeof(uint64_t));
  WEIR_CHECK(read_light_integers(in, bits));
  unscale_decimals(bits, digits);
  size_t next = 0;
  for (uint64_t i = 0; i < exceptions; i++) {
    const uint64_t gap = exception_reader.varint();
    if (gap >= bits.size() - next) {
      return Error{Errc::invalid, "light doubles: exception behind the last value"};
    }
    next += gap;
    bits[next++] = exception_reader.le<uint64_t>();
  }
  return {};
}

}  // namespace weir::codec
