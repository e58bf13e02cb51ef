#include "store/engine/packed_rows.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <random>

#include "store/engine/log_records.h"

namespace weir::store {
namespace {

using model::FieldType;
using model::FieldValue;

const Layout kNumbers = {
    {0, FieldType::float64}, {3, FieldType::int64}, {65'535, FieldType::uint64}};
const Layout kMixed = {{1, FieldType::string}, {0, FieldType::float64}, {2, FieldType::boolean}};
const Layout kOne = {{0, FieldType::float64}};

struct Point {
  SeriesId series = 0;
  int64_t time_ns = 0;
  size_t layout = 0;  // of the layouts in order of appearance
  std::vector<FieldValue> values;
};

struct Points {
  std::vector<Layout> layouts;
  std::vector<Point> points;
  std::deque<std::string> texts;

  void add(SeriesId series, int64_t time_ns, const Layout& layout, std::mt19937_64& random) {
    size_t key = 0;
    while (key < layouts.size() && layouts[key] != layout) key++;
    if (key == layouts.size()) layouts.push_back(layout);
    Point& point = points.emplace_back(Point{series, time_ns, key, {}});
    for (const LayoutField& field : layout) {
      switch (field.type) {
        case FieldType::float64:
          point.values.push_back(FieldValue::of_float(static_cast<double>(random() % 1000) / 10));
          break;
        case FieldType::int64:
          point.values.push_back(FieldValue::of_int(static_cast<int64_t>(random())));
          break;
        case FieldType::uint64:
          point.values.push_back(FieldValue::of_uint(random() % 5));
          break;
        case FieldType::boolean:
          point.values.push_back(FieldValue::of_bool(random() % 2 == 0));
          break;
        case FieldType::string:
          texts.emplace_back(random() % 9, 'x');
          point.values.push_back(FieldValue::of_string(texts.back()));
          break;
      }
    }
  }
};

template <class Encoder>
std::string encoded(const Points& points) {
  Encoder encoder(7);
  for (const Point& point : points.points) {
    encoder.add_point(point.series, point.time_ns, point.layout, points.layouts[point.layout]);
    for (const FieldValue& value : point.values) encoder.add_value(value);
  }
  return encoder.take();
}

// The record as text; nothing if it does not decode.
std::optional<std::string> decoded(RecordType type, std::string_view body) {
  RowsDecoder rows(type, body);
  std::string text = fmt::format("bucket {}\n", rows.bucket());
  while (true) {
    Result<bool> more = rows.next();
    if (!more.ok()) return std::nullopt;
    if (!*more) return text;
    text += fmt::format("{} {}", rows.series(), rows.time_ns());
    for (const LayoutField& field : rows.layout()) {
      std::string_view string;
      Result<uint64_t> bits = rows.value(field.type, string);
      if (!bits.ok()) return std::nullopt;
      text += fmt::format(" {}:{}={}{}", field.field, int(field.type), *bits, string);
    }
    text += "\n";
  }
}

Points mixed_points(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  Points points;
  for (size_t i = 0; i < count; i++) {
    const Layout& layout = i % 3 == 0 ? kNumbers : i % 7 == 1 ? kMixed : kOne;
    points.add(static_cast<SeriesId>(i * 7 % 100),
               1'700'000'000'000'000'000 - static_cast<int64_t>(i / 10) * 1'000'000'000, layout,
               random);
  }
  return points;
}

}  // namespace

TEST_CASE("packed rows say what rows say, in the same order") {
  for (const size_t count : {1, 2, 15, 40, 33, 1000}) {
    const Points points = mixed_points(count, count);
    const auto plain = decoded(RecordType::rows, encoded<RowsEncoder>(points));
    const auto packed = decoded(RecordType::packed_rows, encoded<PackedRowsEncoder>(points));
    REQUIRE(plain.has_value());
    CHECK(plain == packed);
  }
}

TEST_CASE("the ends of every range survive packing") {
  Points points;
  std::mt19937_64 random(1);
  for (const int64_t time :
       {std::numeric_limits<int64_t>::min(), int64_t{0}, std::numeric_limits<int64_t>::max()}) {
    for (const SeriesId series : {SeriesId{0}, SeriesId{UINT32_MAX}}) {
      points.add(series, time, kNumbers, random);
      points.points.back().values = {FieldValue::of_float(-0.0), FieldValue::of_int(INT64_MIN),
                                     FieldValue::of_uint(UINT64_MAX)};
    }
  }
  CHECK(decoded(RecordType::rows, encoded<RowsEncoder>(points)) ==
        decoded(RecordType::packed_rows, encoded<PackedRowsEncoder>(points)));
}

TEST_CASE("values of a point can be taken at once, and series are known ahead") {
  std::mt19937_64 random(2);
  Points points;
  for (SeriesId i = 0; i < 50; i++) points.add(i * 3, i, kNumbers, random);
  const std::string body = encoded<PackedRowsEncoder>(points);
  RowsDecoder rows(RecordType::packed_rows, body);
  for (const Point& point : points.points) {
    REQUIRE(*rows.next());
    REQUIRE(rows.layout_is_fixed());
    CHECK(rows.series_ahead().front() == point.series);
    CHECK(rows.series_ahead().size() == 50 - point.series / 3);
    auto values = rows.fixed_values();
    REQUIRE(values.ok());
    for (size_t i = 0; i < kNumbers.size(); i++) CHECK((*values)[i] == point.values[i].bits());
  }
  CHECK_FALSE(*rows.next());
}

TEST_CASE("packed rows of a fleet take a fraction of their size") {
  std::mt19937_64 random(3);
  Points points;
  for (size_t i = 0; i < 5000; i++) {
    points.add(static_cast<SeriesId>(i % 100), static_cast<int64_t>(i / 100) * 10'000'000'000, kOne,
               random);
  }
  CHECK(encoded<RowsEncoder>(points).size() > 5000 * 11);
  CHECK(encoded<PackedRowsEncoder>(points).size() < 5000 * 3 / 2);
}

TEST_CASE("a truncated packed record is refused, a changed one harms nobody") {
  const std::string body = encoded<PackedRowsEncoder>(mixed_points(40, 4));
  REQUIRE(decoded(RecordType::packed_rows, body).has_value());
  for (size_t size = 0; size < body.size(); size++) {
    CAPTURE(size);
    CHECK_FALSE(decoded(RecordType::packed_rows, body.substr(0, size)).has_value());
  }
  CHECK_FALSE(decoded(RecordType::packed_rows, body + '\0').has_value());
  for (size_t i = 0; i < body.size(); i++) {
    for (int flip = 1; flip < 256; flip += flip < 16 ? 1 : 17) {
      std::string damaged = body;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      (void)decoded(RecordType::packed_rows, damaged);
    }
  }
}

TEST_CASE("a packed record that promises too much is refused before it takes memory") {
  std::string body;
  ByteWriter out(body);
  out.le(uint32_t{1});
  out.varint(kPackedPointsMax);
  out.varint(1);
  out.varint(1000);  // fields: 65 million values
  for (int i = 0; i < 1000; i++) out.varint(static_cast<uint64_t>(i)), out.u8(2);
  for (int column = 0; column < 1002; column++) out.bytes(std::string_view("\0\0\0", 3));
  CHECK_FALSE(decoded(RecordType::packed_rows, body).has_value());
}

}  // namespace weir::store
