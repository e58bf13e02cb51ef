#include "codec/integer_codec.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "codec/bit_packing.h"
#include "codec/column_format.h"

namespace weir::codec {
namespace {

// Sizes of the numbers in front of a packed block are estimated: they only decide ties.
constexpr size_t kHeadBytes = 6;

int64_t as_signed(uint64_t value) { return static_cast<int64_t>(value); }

struct Candidate {
  IntegerMode mode = IntegerMode::raw;
  size_t size_bytes = 0;
  uint64_t reference = 0;
  PackedPlan plan;
  uint64_t slope = 0;
  uint16_t fraction = 0;
};

// The smallest of some values as signed numbers, and how far above it the largest is. Differences
// wrap, so a range wider than 2^63 simply needs 64 bits.
struct Spread {
  uint64_t low;
  uint64_t range;
};

template <class At>
Spread spread_of(size_t count, At at) {
  int64_t low = as_signed(at(0)), high = low;
  for (size_t i = 1; i < count; i++) {
    const int64_t value = as_signed(at(i));
    low = std::min(low, value);
    high = std::max(high, value);
  }
  return {static_cast<uint64_t>(low), static_cast<uint64_t>(high) - static_cast<uint64_t>(low)};
}

// Below this width exceptions cannot save enough to be worth counting widths for.
constexpr unsigned kPlainWidthMax = 2;
// From this width on a few values far below the others (a counter that starts again) may be what
// makes the block wide, and a higher reference is tried.
constexpr unsigned kOutlierWidthMin = 12;

template <class At>
PackedPlan plan_of(size_t count, uint64_t reference, At at) {
  // Two histograms, so that equal neighbours do not wait for each other's increment.
  std::array<uint32_t, 65> counts{}, odd{};
  size_t i = 0;
  for (; i + 1 < count; i += 2) {
    counts[bit_width(at(i) - reference)]++;
    odd[bit_width(at(i + 1) - reference)]++;
  }
  if (i < count) counts[bit_width(at(i) - reference)]++;
  for (size_t w = 0; w < counts.size(); w++) counts[w] += odd[w];
  return PackedPlan::from_widths(count, counts);
}

// The smallest value that is not far below the middle half of a sample.
template <class At>
uint64_t low_without_outliers(size_t count, Spread spread, At at) {
  std::array<int64_t, 128> sample;
  const size_t size = std::min(count, sample.size());
  for (size_t i = 0; i < size; i++) sample[i] = as_signed(at(i * count / size));
  std::sort(sample.begin(), sample.begin() + static_cast<ptrdiff_t>(size));
  const __int128 quarter = sample[size / 4];
  const __int128 middle = sample[size * 3 / 4] - quarter;
  const __int128 floor = quarter - middle * 4 - 8;
  if (floor <= as_signed(spread.low)) return spread.low;
  int64_t low = as_signed(spread.low + spread.range);
  for (size_t i = 0; i < count; i++) {
    const int64_t value = as_signed(at(i));
    if (value >= floor && value < low) low = value;
  }
  return static_cast<uint64_t>(low);
}

template <class At>
Candidate packed_candidate(IntegerMode mode, size_t count, Spread spread, At at) {
  if (bit_width(spread.range) <= kPlainWidthMax) {
    const PackedPlan plan = PackedPlan::from_max(count, spread.range);
    return {mode, kHeadBytes + plan.size_bytes, spread.low, plan};
  }
  PackedPlan plan = plan_of(count, spread.low, at);
  if (bit_width(spread.range) >= kOutlierWidthMin) {
    const uint64_t low = low_without_outliers(count, spread, at);
    const PackedPlan other = plan_of(count, low, at);
    if (other.size_bytes < plan.size_bytes) {
      return {mode, kHeadBytes + other.size_bytes, low, other};
    }
  }
  return {mode, kHeadBytes + plan.size_bytes, spread.low, plan};
}

Candidate offset_candidate(std::span<const uint64_t> v, Spread spread) {
  return packed_candidate(IntegerMode::offset, v.size(), spread, [v](size_t i) { return v[i]; });
}

Candidate delta_candidate(std::span<const uint64_t> v) {
  auto difference = [v](size_t i) { return v[i + 1] - v[i]; };
  const Spread spread = spread_of(v.size() - 1, difference);
  return packed_candidate(IntegerMode::delta, v.size() - 1, spread, difference);
}

uint64_t line_at(uint64_t i, uint64_t slope, uint16_t fraction) {
  return i * slope + ((i * fraction) >> 16);
}

// A line through the middles of both halves; good for times whose jitter does not add up. (A line
// through the first and last value would be tilted by these two's jitter.)
Candidate linear_candidate(std::span<const uint64_t> v) {
  const size_t half = v.size() / 2;
  __int128 early = 0, late = 0;
  for (size_t i = 0; i < half; i++) {
    early += as_signed(v[i] - v[0]);
    late += as_signed(v[v.size() - half + i] - v[0]);
  }
  const auto steps = static_cast<__int128>(half) * static_cast<__int128>(v.size() - half);
  const __int128 rise = late - early;
  // Fixed point with 16 bits behind the point, rounded down, so that the fraction is positive.
  const __int128 scaled = (rise << 16) / steps - (rise < 0 ? 1 : 0);
  const auto slope = static_cast<uint64_t>(scaled >> 16);
  const auto fraction = static_cast<uint16_t>(scaled & 0xffff);
  const Spread spread =
      spread_of(v.size(), [=](size_t i) { return v[i] - v[0] - line_at(i, slope, fraction); });
  const PackedPlan plan = PackedPlan::from_max(v.size(), spread.range);
  return {IntegerMode::linear,
          kHeadBytes + 4 + plan.size_bytes,
          v[0] + spread.low,
          plan,
          slope,
          fraction};
}

size_t count_runs(std::span<const uint64_t> v) {
  size_t runs = 1;
  for (size_t i = 1; i < v.size(); i++) runs += v[i] != v[i - 1] ? 1 : 0;
  return runs;
}

void append_runs(std::span<const uint64_t> v, size_t runs, ByteWriter& writer) {
  writer.varint(runs);
  uint64_t last = 0;
  for (size_t begin = 0; begin < v.size();) {
    size_t end = begin + 1;
    while (end < v.size() && v[end] == v[begin]) end++;
    writer.varint(end - begin - 1);
    writer.signed_varint(as_signed(v[begin] - last));
    last = v[begin];
    begin = end;
  }
}

Candidate cheapest(std::span<const uint64_t> v, Spread spread) {
  Candidate best{IntegerMode::raw, v.size() * 8, 0, {}};
  auto consider = [&best](Candidate candidate) {
    if (candidate.size_bytes < best.size_bytes) best = candidate;
  };
  consider(offset_candidate(v, spread));
  consider(delta_candidate(v));
  // A line pays only where differences carry more than a few bits of noise.
  if (best.plan.width > 4 || best.mode == IntegerMode::raw) consider(linear_candidate(v));
  return best;
}

void append_candidate(std::span<const uint64_t> v, const Candidate& chosen, std::string& out) {
  ByteWriter writer(out);
  std::vector<uint64_t> rest;
  switch (chosen.mode) {
    case IntegerMode::offset:
      writer.signed_varint(as_signed(chosen.reference));
      rest.resize(v.size());
      for (size_t i = 0; i < v.size(); i++) rest[i] = v[i] - chosen.reference;
      break;
    case IntegerMode::delta:
      writer.signed_varint(as_signed(v[0]));
      writer.signed_varint(as_signed(chosen.reference));
      rest.resize(v.size() - 1);
      for (size_t i = 0; i + 1 < v.size(); i++) rest[i] = v[i + 1] - v[i] - chosen.reference;
      break;
    case IntegerMode::linear:
      writer.signed_varint(as_signed(chosen.reference));
      writer.signed_varint(as_signed(chosen.slope));
      writer.le(chosen.fraction);
      rest.resize(v.size());
      for (size_t i = 0; i < v.size(); i++) {
        rest[i] = v[i] - chosen.reference - line_at(i, chosen.slope, chosen.fraction);
      }
      break;
    default:
      out.append(reinterpret_cast<const char*>(v.data()), v.size_bytes());
      return;
  }
  append_packed(rest, chosen.plan, out);
}

Result<void> read_runs(ByteReader& in, std::span<uint64_t> values) {
  const uint64_t runs = in.varint();
  uint64_t value = 0;
  size_t filled = 0;
  for (uint64_t run = 0; run < runs && filled < values.size(); run++) {
    const uint64_t more = in.varint();
    value += static_cast<uint64_t>(in.signed_varint());
    if (!in.ok() || more >= values.size() - filled) break;
    std::fill_n(values.begin() + static_cast<ptrdiff_t>(filled), more + 1, value);
    filled += more + 1;
  }
  if (!in.ok() || filled != values.size()) {
    return Error{Errc::invalid, "integer runs do not add up to the row count"};
  }
  return {};
}

Result<void> read_delta(ByteReader& in, std::span<uint64_t> values) {
  uint64_t sum = static_cast<uint64_t>(in.signed_varint());
  const auto reference = static_cast<uint64_t>(in.signed_varint());
  WEIR_CHECK(read_packed(in, values.subspan(1), reference));
  values[0] = sum;
  for (size_t i = 1; i < values.size(); i++) values[i] = sum += values[i];
  return {};
}

Result<void> read_linear(ByteReader& in, std::span<uint64_t> values) {
  const auto base = static_cast<uint64_t>(in.signed_varint());
  const auto slope = static_cast<uint64_t>(in.signed_varint());
  const auto fraction = in.le<uint16_t>();
  WEIR_CHECK(read_packed(in, values, base));
  for (size_t i = 0; i < values.size(); i++) values[i] += line_at(i, slope, fraction);
  return {};
}

}  // namespace

void encode_integers(std::span<const uint64_t> values, std::string& out) {
  ByteWriter writer(out);
  auto put_mode = [&](IntegerMode mode) { writer.u8(static_cast<uint8_t>(mode)); };
  if (values.empty()) return put_mode(IntegerMode::raw);
  const Spread spread = spread_of(values.size(), [&](size_t i) { return values[i]; });
  if (spread.range == 0) {
    put_mode(IntegerMode::equal);
    return writer.signed_varint(as_signed(values[0]));
  }
  const Candidate chosen = cheapest(values, spread);
  // Runs cost at least two bytes each: only then is writing them out to compare worth it.
  const size_t runs = count_runs(values);
  if (runs * 2 < chosen.size_bytes) {
    const size_t begin = out.size();
    put_mode(IntegerMode::runs);
    append_runs(values, runs, writer);
    if (out.size() - begin <= chosen.size_bytes) return;
    out.resize(begin);
  }
  put_mode(chosen.mode);
  append_candidate(values, chosen, out);
}

Result<void> decode_integers(ByteReader& in, std::span<uint64_t> values) {
  const auto mode = static_cast<IntegerMode>(in.u8());
  if (!in.ok()) return Error{Errc::invalid, "integers: no mode byte"};
  if (mode == IntegerMode::raw) {
    const std::string_view bytes = in.bytes(values.size_bytes());
    if (!in.ok()) return Error{Errc::invalid, "raw integers: cut short"};
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return {};
  }
  if (values.empty()) return Error{Errc::invalid, "integers: a mode that needs rows, without any"};
  switch (mode) {
    case IntegerMode::equal: {
      const auto value = static_cast<uint64_t>(in.signed_varint());
      if (!in.ok()) return Error{Errc::invalid, "equal integers: cut short"};
      std::fill(values.begin(), values.end(), value);
      return {};
    }
    case IntegerMode::runs:
      return read_runs(in, values);
    case IntegerMode::offset: {
      const auto reference = static_cast<uint64_t>(in.signed_varint());
      return read_packed(in, values, reference);
    }
    case IntegerMode::delta:
      return read_delta(in, values);
    case IntegerMode::linear:
      return read_linear(in, values);
    default:
      return Error{Errc::invalid, "integers: unknown mode"};
  }
}

}  // namespace weir::codec
