// Times: a stride where there is one, else counts of the times' common unit.
#include <cstring>
#include <vector>

#include "base/assert.h"
#include "codec/column_codec.h"
#include "codec/column_format.h"
#include "codec/integer_codec.h"

namespace weir::codec {
namespace {

bool is_stride(std::span<const int64_t> times, uint64_t step) {
  for (size_t i = 1; i < times.size(); i++) {
    if (static_cast<uint64_t>(times[i]) - static_cast<uint64_t>(times[i - 1]) != step) return false;
  }
  return true;
}

// The greatest common divisor of all steps: 1 s, 10 s or 1 ms for most devices. 0 if none ascends.
uint64_t common_unit(std::span<const int64_t> times) {
  uint64_t unit = 0, last_step = 0;
  for (size_t i = 1; i < times.size() && unit != 1; i++) {
    if (times[i] < times[i - 1]) return 0;
    uint64_t step = static_cast<uint64_t>(times[i]) - static_cast<uint64_t>(times[i - 1]);
    if (step == last_step || step == 0) continue;  // most often; saves the division
    last_step = step;
    while (step != 0) {
      const uint64_t rest = unit % step;
      unit = step;
      step = rest;
    }
  }
  return unit;
}

}  // namespace

void encode_times(std::span<const int64_t> times, Effort effort, std::string& out) {
  WEIR_ASSERT(times.size() <= kColumnRowsMax, "a time column over kColumnRowsMax rows");
  ByteWriter writer(out);
  auto put_mode = [&](TimeMode mode) { writer.u8(static_cast<uint8_t>(mode)); };
  if (times.empty()) return put_mode(TimeMode::raw);
  const uint64_t step =
      times.size() < 2 ? 0 : static_cast<uint64_t>(times[1]) - static_cast<uint64_t>(times[0]);
  if (is_stride(times, step)) {
    put_mode(TimeMode::stride);
    writer.signed_varint(times[0]);
    return writer.varint(step);
  }
  const size_t begin = out.size();
  const uint64_t unit = std::max<uint64_t>(1, common_unit(times));
  put_mode(TimeMode::scaled);
  writer.signed_varint(times[0]);
  writer.varint(unit);
  std::vector<uint64_t> counts(times.size());
  const auto first = static_cast<uint64_t>(times[0]);
  for (size_t i = 0; i < times.size(); i++) {
    counts[i] = (static_cast<uint64_t>(times[i]) - first) / unit;
  }
  encode_integers(counts, effort, out);
  if (out.size() - begin > 1 + times.size_bytes()) {
    out.resize(begin);
    put_mode(TimeMode::raw);
    out.append(reinterpret_cast<const char*>(times.data()), times.size_bytes());
  }
}

Result<void> decode_times(ByteReader& in, size_t rows, std::vector<int64_t>& out) {
  return decode_times_on({}, in, rows, out);
}

bool times_are_regular(std::string_view column) {
  return !column.empty() && static_cast<TimeMode>(column[0]) == TimeMode::stride;
}

std::optional<TimeAxis> regular_times_on(const TimeAxis& axis, std::string_view column) {
  if (!times_are_regular(column)) return std::nullopt;
  ByteReader in(column.substr(1));
  const auto first = static_cast<uint64_t>(in.signed_varint());
  const uint64_t step = in.varint();
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return TimeAxis{static_cast<int64_t>(static_cast<uint64_t>(axis.first) + first * axis.unit),
                  step * axis.unit};
}

Result<void> decode_times_on(const TimeAxis& axis, ByteReader& in, size_t rows,
                             std::vector<int64_t>& out) {
  if (rows > kColumnRowsMax) return Error{Errc::invalid, "times: too many rows"};
  out.resize(rows);
  return decode_first_times_on(axis, in, rows, out);
}

Result<void> decode_first_times_on(const TimeAxis& axis, ByteReader& in, size_t rows,
                                   std::span<int64_t> out) {
  if (rows > kColumnRowsMax) return Error{Errc::invalid, "times: too many rows"};
  std::span<uint64_t> bits(reinterpret_cast<uint64_t*>(out.data()), out.size());
  const auto mode = static_cast<TimeMode>(in.u8());
  if (!in.ok()) return Error{Errc::invalid, "times: no mode byte"};
  uint64_t first = 0, unit = 1;
  if (mode == TimeMode::raw) {
    const std::string_view bytes = in.bytes(rows * sizeof(int64_t));
    if (!in.ok()) return Error{Errc::invalid, "raw times: cut short"};
    if (!out.empty()) std::memcpy(out.data(), bytes.data(), out.size_bytes());
  } else if (mode == TimeMode::stride || mode == TimeMode::scaled) {
    first = static_cast<uint64_t>(in.signed_varint());
    unit = in.varint();
    if (!in.ok()) return Error{Errc::invalid, "times: cut short"};
    if (mode == TimeMode::scaled) WEIR_CHECK(decode_integers(in, rows, bits));
  } else {
    return Error{Errc::invalid, "times: unknown mode"};
  }
  first = static_cast<uint64_t>(axis.first) + first * axis.unit;
  unit *= axis.unit;
  if (mode == TimeMode::stride) {
    for (size_t i = 0; i < bits.size(); i++) bits[i] = first + i * unit;
  } else if (first != 0 || unit != 1) {
    for (uint64_t& value : bits) value = first + value * unit;
  }
  return {};
}

}  // namespace weir::codec
