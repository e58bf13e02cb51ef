#include "model/point_runs.h"

#include <fmt/core.h>

#include <bit>
#include <limits>

#include "base/bytes.h"
#include "model/series_key.h"

namespace weir::model {
namespace {

// A time and the least of a value: rows that a body cannot hold are not reserved for.
constexpr size_t kRowBytesMin = sizeof(int64_t) + 1;
// What a scan's bounds leave room for (store/store.h).
constexpr int64_t kTimeMin = std::numeric_limits<int64_t>::min() + 2;
constexpr int64_t kTimeMax = std::numeric_limits<int64_t>::max() - 1;

void append_value(ByteWriter& out, FieldValue value) {
  switch (value.type()) {
    case FieldType::float64:
      return out.le(std::bit_cast<uint64_t>(value.as_float()));
    case FieldType::int64:
      return out.le(value.as_int());
    case FieldType::uint64:
      return out.le(value.as_uint());
    case FieldType::boolean:
      return out.u8(value.as_bool() ? 1 : 0);
    case FieldType::string:
      return out.sized(value.as_string());
  }
}

FieldValue read_value(ByteReader& in, FieldType type) {
  switch (type) {
    case FieldType::float64:
      return FieldValue::of_float(std::bit_cast<double>(in.le<uint64_t>()));
    case FieldType::int64:
      return FieldValue::of_int(in.le<int64_t>());
    case FieldType::uint64:
      return FieldValue::of_uint(in.le<uint64_t>());
    case FieldType::boolean:
      return FieldValue::of_bool(in.u8() != 0);
    case FieldType::string:
      break;
  }
  return FieldValue::of_string(in.sized());
}

// False if it is none.
bool read_run(ByteReader& in, PointBatch& batch, std::string& why) {
  const std::string_view series = in.sized(), field = in.sized();
  const uint8_t type = in.u8();
  const uint64_t rows = in.varint();
  if (!in.ok()) return false;
  if (Result<SeriesKey> key = parse_series_key(series); !key.ok()) {
    why = key.error().message;
  } else if (series.size() + field.size() > kKeyBytesMax || field.empty()) {
    why = "a field without a name, or with too long a one";
  } else if (type < uint8_t(FieldType::float64) || type > uint8_t(FieldType::string)) {
    why = fmt::format("type {}, wanted 1 to 5", type);
  } else if (rows > in.remaining() / kRowBytesMin) {
    why = "more rows than bytes";
  }
  if (!why.empty()) return false;
  const size_t first = batch.points.size();
  for (uint64_t row = 0; row < rows; row++) {
    const auto time_ns = in.le<int64_t>();
    if (time_ns < kTimeMin || time_ns > kTimeMax) {
      why = "a time outside of the range";
      return false;
    }
    batch.add_point(series, time_ns);
    batch.add_field(field, FieldValue::of_bool(false));
  }
  for (uint64_t row = 0; row < rows; row++) {
    batch.fields[batch.points[first + row].fields_begin].value =
        read_value(in, static_cast<FieldType>(type));
  }
  return in.ok();
}

}  // namespace

void append_run(std::string& out, std::string_view series, std::string_view field,
                const ColumnChunk& chunk) {
  ByteWriter writer(out);
  writer.sized(series);
  writer.sized(field);
  writer.u8(static_cast<uint8_t>(chunk.type));
  writer.varint(chunk.rows());
  for (const int64_t time_ns : chunk.times) writer.le(time_ns);
  for (size_t row = 0; row < chunk.rows(); row++) append_value(writer, chunk.value(row));
}

Result<PointBatch> decode_runs(std::shared_ptr<const std::string> body) {
  PointBatch batch;
  ByteReader in(batch.hold(std::move(body)));
  while (!in.at_end()) {
    const size_t begin = in.position();
    std::string why;
    if (read_run(in, batch, why)) continue;
    return Error{Errc::invalid, fmt::format("points: the run at offset {} does not read: {}", begin,
                                            why.empty() ? "it is cut" : why)};
  }
  return batch;
}

}  // namespace weir::model
