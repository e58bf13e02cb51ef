#include "store/influxd/wal.h"

#include <fmt/core.h>
#include <snappy.h>

#include <bit>

#include "base/bytes.h"
#include "store/influxd/mapped_file.h"

namespace weir::store::influxd {
namespace {

enum EntryKind : uint8_t { write_entry = 1, delete_entry = 2, delete_range_entry = 3 };

// InfluxDB bounds a request by 25 MB unless told otherwise; beyond this the size is damage.
constexpr size_t kEntryBytesMax = size_t{1} << 30;
constexpr size_t kEntryHeadBytes = 5;

Error cut_short() { return Error{Errc::invalid, "the entry ends early"}; }

Result<model::FieldType> value_type(uint8_t number) {
  using model::FieldType;
  constexpr FieldType kTypes[] = {FieldType::float64, FieldType::int64, FieldType::boolean,
                                  FieldType::string, FieldType::uint64};
  if (number >= 1 && number <= std::size(kTypes)) return kTypes[number - 1];
  return Error{Errc::invalid, fmt::format("value type: got {}, wanted 1 to 5", number)};
}

model::FieldValue read_value(ByteReader& reader, model::FieldType type) {
  using model::FieldValue;
  switch (type) {
    case model::FieldType::float64:
      return FieldValue::of_float(std::bit_cast<double>(reader.be<uint64_t>()));
    case model::FieldType::int64:
      return FieldValue::of_int(reader.be<int64_t>());
    case model::FieldType::uint64:
      return FieldValue::of_uint(reader.be<uint64_t>());
    case model::FieldType::boolean:
      return FieldValue::of_bool(reader.u8() != 0);
    case model::FieldType::string:
      break;
  }
  return FieldValue::of_string(reader.bytes(reader.be<uint32_t>()));
}

Result<std::string> unpack(std::string_view packed) {
  constexpr size_t kExpansionMax = 64;  // snappy's own bound is lower
  size_t size = 0;
  std::string out;
  if (!snappy::GetUncompressedLength(packed.data(), packed.size(), &size) ||
      size > kEntryBytesMax || size > packed.size() * kExpansionMax) {
    return Error{Errc::invalid, "the entry is no snappy block"};
  }
  out.resize(size);
  if (!snappy::RawUncompress(packed.data(), packed.size(), out.data())) {
    return Error{Errc::invalid, "the entry's snappy block is damaged"};
  }
  return out;
}

}  // namespace

Result<size_t> WalValues::replay(std::string_view segment, const std::string& path) {
  size_t at = 0;
  while (at < segment.size()) {
    ByteReader reader(segment.substr(at));
    const uint8_t kind = reader.u8();
    const auto size = reader.be<uint32_t>();
    const std::string_view packed = reader.bytes(size);
    if (!reader.ok()) return segment.size() - at;
    const bool is_last = reader.at_end();
    auto apply = [&]() -> Result<void> {
      WEIR_TRY(const std::string entry, unpack(packed));
      if (kind == write_entry) return write(entry);
      if (kind == delete_entry) return remove_keys(entry);
      if (kind == delete_range_entry) return remove_range(entry);
      return Error{Errc::invalid, fmt::format("entry kind: got {}, wanted 1 to 3", kind)};
    };
    if (auto applied = apply(); !applied.ok()) {
      // Bytes of the last entry that never reached the disk may read as zeros.
      if (is_last) return segment.size() - at;
      return damage_at(path, at, applied.error().message);
    }
    at += kEntryHeadBytes + size;
  }
  return 0;
}

Result<void> WalValues::write(std::string_view entry) {
  ByteReader reader(entry);
  while (!reader.at_end()) {
    const uint8_t type_number = reader.u8();
    const std::string_view key = reader.bytes(reader.be<uint16_t>());
    const auto count = reader.be<uint32_t>();
    if (!reader.ok()) return cut_short();
    WEIR_TRY(const model::FieldType type, value_type(type_number));
    auto place = columns_.find(key);
    if (place == columns_.end()) place = columns_.emplace(std::string(key), Column()).first;
    Column& column = place->second;
    if (column.times.empty()) column.clear(), column.type = type;
    if (column.type != type) {
      return Error{Errc::invalid,
                   fmt::format("key {}: got {}, was {} before", key, model::to_string(type),
                               model::to_string(column.type))};
    }
    for (uint32_t i = 0; i < count; i++) {
      const auto time_ns = reader.be<int64_t>();
      const model::FieldValue value = read_value(reader, type);
      if (!reader.ok()) return cut_short();
      column.add(time_ns, value);
    }
  }
  return {};
}

Result<void> WalValues::remove_keys(std::string_view entry) {
  while (!entry.empty()) {
    const size_t end = std::min(entry.find('\n'), entry.size());
    if (auto place = columns_.find(entry.substr(0, end)); place != columns_.end()) {
      columns_.erase(place);
    }
    entry.remove_prefix(std::min(end + 1, entry.size()));
  }
  return {};
}

Result<void> WalValues::remove_range(std::string_view entry) {
  ByteReader reader(entry);
  const auto start_ns = reader.be<int64_t>();
  const auto stop_ns = reader.be<int64_t>();
  while (reader.ok() && !reader.at_end()) {
    const std::string_view key = reader.bytes(reader.be<uint32_t>());
    if (!reader.ok()) break;
    auto place = columns_.find(key);
    if (place == columns_.end()) continue;
    place->second.remove_range(start_ns, stop_ns);
    if (place->second.times.empty()) columns_.erase(place);
  }
  if (!reader.ok()) return cut_short();
  return {};
}

void WalValues::finish() {
  for (auto& [key, column] : columns_) column.sort_keeping_last();
}

}  // namespace weir::store::influxd
