#include "codec/integer_codec.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "codec/bit_packing.h"
#include "codec/cold_block.h"
#include "codec/column_format.h"
#include "codec/unpack.h"

namespace weir::codec {
namespace {

int64_t as_signed(uint64_t value) { return static_cast<int64_t>(value); }

struct Candidate {
  IntegerMode mode = IntegerMode::raw;
  size_t size_bytes = 0;
  uint64_t reference = 0;
  PackedPlan plan;
  uint64_t slope = 0;
  uint16_t fraction = 0;

  // Adds what stands in front of the block.
  Candidate with_head(size_t bytes) const {
    Candidate candidate = *this;
    candidate.size_bytes = bytes + signed_varint_bytes(reference) + plan.size_bytes;
    return candidate;
  }
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

// from_widths() counts exceptions at their most; this counts them as they are.
template <class At>
void make_exact(PackedPlan& plan, size_t count, uint64_t reference, At at) {
  if (plan.exceptions == 0) return;
  plan.size_bytes = 1 + packed_bytes(count, plan.width) + varint_bytes(plan.exceptions);
  size_t next = 0;
  for (size_t i = 0; i < count; i++) {
    const uint64_t value = at(i) - reference;
    if (bit_width(value) <= plan.width) continue;
    plan.size_bytes += varint_bytes(i - next) + varint_bytes(value >> plan.width);
    next = i + 1;
  }
}

// Without its head; with exact sizes.
template <class At>
Candidate packed_candidate(IntegerMode mode, size_t count, At at) {
  const Spread spread = spread_of(count, at);
  if (bit_width(spread.range) <= kPlainWidthMax) {
    return {mode, 0, spread.low, PackedPlan::from_max(count, spread.range)};
  }
  Candidate candidate{mode, 0, spread.low, plan_of(count, spread.low, at)};
  make_exact(candidate.plan, count, spread.low, at);
  if (bit_width(spread.range) >= kOutlierWidthMin) {
    const uint64_t low = low_without_outliers(count, spread, at);
    PackedPlan other = plan_of(count, low, at);
    make_exact(other, count, low, at);
    if (other.size_bytes < candidate.plan.size_bytes) {
      candidate.reference = low;
      candidate.plan = other;
    }
  }
  return candidate;
}

Candidate offset_candidate(std::span<const uint64_t> v) {
  return packed_candidate(IntegerMode::offset, v.size(), [v](size_t i) { return v[i]; })
      .with_head(0);
}

uint64_t difference_at(std::span<const uint64_t> v, size_t i) { return v[i + 1] - v[i]; }
uint64_t second_difference_at(std::span<const uint64_t> v, size_t i) {
  return difference_at(v, i + 1) - difference_at(v, i);
}

Candidate delta_candidate(std::span<const uint64_t> v) {
  return packed_candidate(IntegerMode::delta, v.size() - 1,
                          [v](size_t i) { return difference_at(v, i); })
      .with_head(signed_varint_bytes(v[0]));
}

Candidate delta2_candidate(std::span<const uint64_t> v) {
  return packed_candidate(IntegerMode::delta2, v.size() - 2,
                          [v](size_t i) { return second_difference_at(v, i); })
      .with_head(signed_varint_bytes(v[0]) + signed_varint_bytes(v[1] - v[0]));
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
  return Candidate{IntegerMode::linear,
                   0,
                   v[0] + spread.low,
                   PackedPlan::from_max(v.size(), spread.range),
                   slope,
                   fraction}
      .with_head(signed_varint_bytes(slope) + sizeof(fraction));
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

Candidate cheapest(std::span<const uint64_t> v) {
  Candidate best{IntegerMode::raw, v.size() * 8, 0, {}};
  auto consider = [&best](Candidate candidate) {
    if (candidate.size_bytes < best.size_bytes) best = candidate;
  };
  consider(offset_candidate(v));
  consider(delta_candidate(v));
  // Both pay only where differences carry more than a few bits.
  if (best.plan.width > 4 || best.mode == IntegerMode::raw) {
    consider(linear_candidate(v));
    if (v.size() > 2) consider(delta2_candidate(v));
  }
  return best;
}

uint64_t zigzag(uint64_t value) { return (value << 1) ^ (uint64_t{0} - (value >> 63)); }

// Cold mode pays from this many values on: a frame has a table in front.
constexpr size_t kColdRowsMin = 128;
// And only where it saves a tenth: packed blocks are read without an entropy coder.
constexpr size_t kColdPercent = 90;

// Of a sample: where most values are, so that their distances are small.
uint64_t middle_of(std::span<const uint64_t> values) {
  std::array<int64_t, 255> sample;
  const size_t size = std::min(values.size(), sample.size());
  for (size_t i = 0; i < size; i++) sample[i] = as_signed(values[i * values.size() / size]);
  auto middle = sample.begin() + static_cast<ptrdiff_t>(size / 2);
  std::nth_element(sample.begin(), middle, sample.begin() + static_cast<ptrdiff_t>(size));
  return static_cast<uint64_t>(*middle);
}

// The cold mode's payload if it is shorter than `size_max`; empty otherwise.
std::string cold_payload(std::span<const uint64_t> v, size_t size_max) {
  std::string best;
  std::vector<uint64_t> rest(v.begin(), v.end()), firsts;
  // Each order's residuals are the differences of those of the order before.
  for (uint8_t order = 0; order <= 2; order++) {
    const uint64_t reference = middle_of(rest);
    std::vector<uint64_t> distances(rest.size());
    for (size_t i = 0; i < rest.size(); i++) distances[i] = zigzag(rest[i] - reference);
    std::string payload;
    ByteWriter writer(payload);
    writer.u8(order);
    for (uint64_t first : firsts) writer.signed_varint(as_signed(first));
    writer.signed_varint(as_signed(reference));
    if (append_cold(distances, size_max - std::min(size_max, payload.size()), payload)) {
      size_max = payload.size();
      best = std::move(payload);
    }
    firsts.push_back(rest[0]);
    for (size_t i = 0; i + 1 < rest.size(); i++) rest[i] = rest[i + 1] - rest[i];
    rest.pop_back();
  }
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
    case IntegerMode::delta2:
      writer.signed_varint(as_signed(v[0]));
      writer.signed_varint(as_signed(v[1] - v[0]));
      writer.signed_varint(as_signed(chosen.reference));
      rest.resize(v.size() - 2);
      for (size_t i = 0; i < rest.size(); i++) {
        rest[i] = second_difference_at(v, i) - chosen.reference;
      }
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

Result<void> read_runs(ByteReader& in, size_t rows, std::span<uint64_t> values) {
  const uint64_t runs = in.varint();
  uint64_t value = 0;
  size_t filled = 0;
  for (uint64_t run = 0; run < runs && filled < rows; run++) {
    const uint64_t more = in.varint();
    value += static_cast<uint64_t>(in.signed_varint());
    if (!in.ok() || more >= rows - filled) break;
    const size_t begin = std::min(filled, values.size());
    filled += more + 1;
    std::fill_n(values.begin() + static_cast<ptrdiff_t>(begin),
                std::min(filled, values.size()) - begin, value);
  }
  if (!in.ok() || filled != rows) {
    return Error{Errc::invalid, "integer runs do not add up to the row count"};
  }
  return {};
}

Result<void> read_delta(ByteReader& in, size_t rows, std::span<uint64_t> values) {
  const auto sum = static_cast<uint64_t>(in.signed_varint());
  const auto reference = static_cast<uint64_t>(in.signed_varint());
  WEIR_CHECK(read_packed(in, rows - 1, values.subspan(1), reference));
  values[0] = sum;
  add_up(values);
  return {};
}

Result<void> read_delta2(ByteReader& in, size_t rows, std::span<uint64_t> values) {
  if (values.size() < 2) return Error{Errc::invalid, "second differences of less than two values"};
  const auto first = static_cast<uint64_t>(in.signed_varint());
  const auto difference = static_cast<uint64_t>(in.signed_varint());
  const auto reference = static_cast<uint64_t>(in.signed_varint());
  WEIR_CHECK(read_packed(in, rows - 2, values.subspan(2), reference));
  values[0] = first;
  values[1] = difference;
  add_up(values.subspan(1));
  add_up(values);
  return {};
}

Result<void> read_cold_mode(ByteReader& in, size_t rows, std::span<uint64_t> values) {
  const uint8_t order = in.u8();
  if (!in.ok() || order > 2 || order > values.size()) {
    return Error{Errc::invalid, "cold integers: order over 2"};
  }
  for (size_t i = 0; i < order; i++) values[i] = static_cast<uint64_t>(in.signed_varint());
  const auto reference = static_cast<uint64_t>(in.signed_varint());
  const std::span<uint64_t> rest = values.subspan(order);
  WEIR_CHECK(read_cold(in, rows - order, rest));
  unzigzag(rest, reference);
  for (size_t i = order; i-- > 0;) add_up(values.subspan(i));
  return {};
}

Result<void> read_linear(ByteReader& in, size_t rows, std::span<uint64_t> values) {
  const auto base = static_cast<uint64_t>(in.signed_varint());
  const auto slope = static_cast<uint64_t>(in.signed_varint());
  const auto fraction = in.le<uint16_t>();
  WEIR_CHECK(read_packed(in, rows, values, base));
  for (size_t i = 0; i < values.size(); i++) values[i] += line_at(i, slope, fraction);
  return {};
}

}  // namespace

void encode_integers(std::span<const uint64_t> values, Effort effort, std::string& out) {
  ByteWriter writer(out);
  auto put_mode = [&](IntegerMode mode) { writer.u8(static_cast<uint8_t>(mode)); };
  if (values.empty()) return put_mode(IntegerMode::raw);
  const size_t runs = count_runs(values);
  if (runs == 1) {
    put_mode(IntegerMode::equal);
    return writer.signed_varint(as_signed(values[0]));
  }
  const Candidate chosen = cheapest(values);
  size_t best_bytes = chosen.size_bytes;
  // Runs cost at least two bytes each: only then is writing them out to compare worth it.
  std::string payload;
  IntegerMode payload_mode = chosen.mode;
  if (runs * 2 < best_bytes) {
    ByteWriter runs_writer(payload);
    append_runs(values, runs, runs_writer);
    if (payload.size() <= best_bytes) {
      payload_mode = IntegerMode::runs;
      best_bytes = payload.size();
    }
  }
  if (effort == Effort::thorough && values.size() >= kColdRowsMin) {
    if (std::string cold = cold_payload(values, best_bytes * kColdPercent / 100); !cold.empty()) {
      payload_mode = IntegerMode::cold;
      payload = std::move(cold);
    }
  }
  put_mode(payload_mode);
  if (payload_mode != chosen.mode) return writer.bytes(payload);
  append_candidate(values, chosen, out);
}

Result<void> decode_integers(ByteReader& in, size_t rows, std::span<uint64_t> values) {
  const auto mode = static_cast<IntegerMode>(in.u8());
  if (!in.ok()) return Error{Errc::invalid, "integers: no mode byte"};
  if (mode == IntegerMode::raw) {
    const std::string_view bytes = in.bytes(rows * sizeof(uint64_t));
    if (!in.ok()) return Error{Errc::invalid, "raw integers: cut short"};
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size_bytes());
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
      return read_runs(in, rows, values);
    case IntegerMode::offset: {
      const auto reference = static_cast<uint64_t>(in.signed_varint());
      return read_packed(in, rows, values, reference);
    }
    case IntegerMode::delta:
      return read_delta(in, rows, values);
    case IntegerMode::linear:
      return read_linear(in, rows, values);
    case IntegerMode::delta2:
      return read_delta2(in, rows, values);
    case IntegerMode::cold:
      return read_cold_mode(in, rows, values);
    default:
      return Error{Errc::invalid, "integers: unknown mode"};
  }
}

}  // namespace weir::codec
