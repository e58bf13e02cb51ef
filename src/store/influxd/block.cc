#include "store/influxd/block.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "base/bytes.h"

namespace weir::store::influxd {

model::FieldValue Column::value(size_t row) const {
  using model::FieldValue;
  const uint64_t raw = bits[row];
  switch (type) {
    case model::FieldType::float64:
      return FieldValue::of_float(std::bit_cast<double>(raw));
    case model::FieldType::int64:
      return FieldValue::of_int(std::bit_cast<int64_t>(raw));
    case model::FieldType::uint64:
      return FieldValue::of_uint(raw);
    case model::FieldType::boolean:
      return FieldValue::of_bool(raw != 0);
    case model::FieldType::string:
      break;
  }
  return FieldValue::of_string(
      std::string_view(text).substr(static_cast<size_t>(raw >> 32), raw & 0xffff'ffff));
}

void Column::add(int64_t time_ns, model::FieldValue added) {
  times.push_back(time_ns);
  if (type == model::FieldType::string) {
    const std::string_view string = added.as_string();
    bits.push_back(uint64_t{text.size()} << 32 | string.size());
    text.append(string);
  } else {
    bits.push_back(added.bits());
  }
}

void Column::clear() {
  times.clear();
  bits.clear();
  text.clear();
}

void Column::sort_keeping_last() {
  auto not_ascending = [](int64_t a, int64_t b) { return a >= b; };
  if (std::adjacent_find(times.begin(), times.end(), not_ascending) == times.end()) return;
  std::vector<size_t> order(times.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [this](size_t a, size_t b) { return times[a] < times[b]; });
  std::vector<int64_t> sorted_times;
  std::vector<uint64_t> sorted_bits;
  for (size_t row : order) {
    if (sorted_times.empty() || sorted_times.back() != times[row]) {
      sorted_times.push_back(times[row]);
      sorted_bits.push_back(bits[row]);
    } else {
      sorted_bits.back() = bits[row];
    }
  }
  times = std::move(sorted_times);
  bits = std::move(sorted_bits);
}

void Column::remove_range(int64_t start_ns, int64_t stop_ns) {
  size_t kept = 0;
  for (size_t row = 0; row < times.size(); row++) {
    if (times[row] >= start_ns && times[row] <= stop_ns) continue;
    times[kept] = times[row];
    bits[kept++] = bits[row];
  }
  times.resize(kept);
  bits.resize(kept);
}

Result<model::FieldType> block_type(uint8_t number) {
  using model::FieldType;
  constexpr FieldType kTypes[] = {FieldType::float64, FieldType::int64, FieldType::boolean,
                                  FieldType::string, FieldType::uint64};
  if (number < std::size(kTypes)) return kTypes[number];
  return Error{Errc::invalid, fmt::format("block type: got {}, wanted 0 to 4", number)};
}

Result<void> decode_block(std::string_view block, Column& column) {
  column.clear();
  ByteReader reader(block);
  const uint8_t type_number = reader.u8();
  const std::string_view times = reader.sized();
  if (!reader.ok()) return Error{Errc::invalid, "block: ends within its timestamps"};
  WEIR_TRY(column.type, block_type(type_number));
  WEIR_CHECK(decode_times(times, column.times));
  const std::string_view values = reader.rest();
  switch (column.type) {
    case model::FieldType::float64:
      WEIR_CHECK(decode_floats(values, column.times.size(), column.bits));
      break;
    case model::FieldType::int64:
    case model::FieldType::uint64:
      WEIR_CHECK(decode_integers(values, column.bits));
      break;
    case model::FieldType::boolean:
      WEIR_CHECK(decode_booleans(values, column.bits));
      break;
    case model::FieldType::string:
      WEIR_CHECK(decode_strings(values, column.text, column.bits));
      break;
  }
  if (column.bits.size() == column.times.size()) return {};
  return Error{Errc::invalid, fmt::format("block: got {} values for {} timestamps",
                                          column.bits.size(), column.times.size())};
}

}  // namespace weir::store::influxd
