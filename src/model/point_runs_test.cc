#include "model/point_runs.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "model/series_key.h"

namespace weir::model {
namespace {

ColumnChunk chunk_of(FieldType type, const std::vector<FieldValue>& values) {
  ColumnChunk chunk;
  chunk.type = type;
  int64_t time = std::numeric_limits<int64_t>::min() + 2;
  for (const FieldValue& value : values) chunk.append(time, value), time += 3;
  if (!values.empty()) chunk.times.back() = std::numeric_limits<int64_t>::max() - 1;
  return chunk;
}

std::vector<ColumnChunk> all_types() {
  const double strange_nan = std::bit_cast<double>(uint64_t{0xfff8000000abcdef});
  return {
      chunk_of(FieldType::float64, {FieldValue::of_float(-0.0), FieldValue::of_float(strange_nan),
                                    FieldValue::of_float(-INFINITY), FieldValue::of_float(5e-324),
                                    FieldValue::of_float(0.1)}),
      chunk_of(FieldType::int64, {FieldValue::of_int(std::numeric_limits<int64_t>::min()),
                                  FieldValue::of_int(-1), FieldValue::of_int(0)}),
      chunk_of(FieldType::uint64, {FieldValue::of_uint(UINT64_MAX)}),
      chunk_of(FieldType::boolean, {FieldValue::of_bool(true), FieldValue::of_bool(false)}),
      chunk_of(FieldType::string,
               {FieldValue::of_string(""), FieldValue::of_string("line\nbreak \"\\ \xff"),
                FieldValue::of_string(std::string(300, 's'))}),
      chunk_of(FieldType::int64, {})};
}

constexpr std::string_view kSeries = "m\\ x,h=a\\,b\nc";

std::string encoded() {
  std::string body;
  size_t i = 0;
  for (const ColumnChunk& chunk : all_types()) {
    append_run(body, kSeries, "f\n" + std::to_string(i++), chunk);
  }
  return body;
}

}  // namespace

TEST_CASE("runs keep every type and bit of times and values") {
  auto batch = decode_runs(std::make_shared<const std::string>(encoded()));
  REQUIRE(batch.ok());
  size_t point = 0, run = 0;
  for (const ColumnChunk& chunk : all_types()) {
    for (size_t row = 0; row < chunk.rows(); row++, point++) {
      const BatchPoint& read = batch->points[point];
      CHECK(read.raw_series_key == kSeries);
      CHECK(read.time_ns == chunk.times[row]);
      REQUIRE(read.fields_count == 1);
      CHECK(batch->fields[read.fields_begin].key == "f\n" + std::to_string(run));
      CHECK(batch->fields[read.fields_begin].value == chunk.value(row));
    }
    run++;
  }
  CHECK(point == batch->points.size());
}

TEST_CASE("runs that are cut, or have a flipped byte, are read to the end or refused") {
  const std::string body = encoded();
  size_t refused = 0;
  for (size_t bytes = 0; bytes <= body.size(); bytes++) {
    refused += decode_runs(std::make_shared<const std::string>(body.substr(0, bytes))).ok() ? 0 : 1;
  }
  CHECK(refused == body.size() - all_types().size());  // between two runs nothing is missing
  for (size_t at = 0; at < body.size(); at++) {
    std::string flipped = body;
    flipped[at] = static_cast<char>(flipped[at] ^ 0xff);
    auto batch = decode_runs(std::make_shared<const std::string>(flipped));
    if (!batch.ok()) CHECK(batch.error().code == Errc::invalid);
  }
}

TEST_CASE("runs say what is wrong with them, and where") {
  auto message = [](std::string_view series, std::string_view field, int64_t time) {
    ColumnChunk chunk;
    chunk.type = FieldType::boolean;
    chunk.append(time, FieldValue::of_bool(true));
    std::string body;
    append_run(body, series, field, chunk);
    auto batch = decode_runs(std::make_shared<const std::string>(body));
    return batch.ok() ? std::string("ok") : batch.error().message;
  };
  CHECK(message("m", "f", 1) == "ok");
  CHECK(message("m,h=", "f", 1).find("missing tag value") != std::string::npos);
  CHECK(message("m", "", 1).find("without a name") != std::string::npos);
  CHECK(message("m", "f", INT64_MAX).find("outside of the range") != std::string::npos);
  CHECK(message("m", "f", INT64_MIN).find("run at offset 0") != std::string::npos);
  CHECK(message(std::string(kKeyBytesMax, 'm'), "f", 1).find("too long") != std::string::npos);
}

}  // namespace weir::model
