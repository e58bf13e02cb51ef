#include "query/result/columns_writer.h"

#include <doctest/doctest.h>

#include <cstring>

#include "base/bytes.h"
#include "base/json.h"
#include "query/exec/context.h"
#include "store/memory/memory_store.h"

namespace weir::query {
namespace {

class NoCatalog final : public Catalog {
 public:
  std::vector<BucketInfo> buckets() const override { return {}; }
  Result<BucketInfo> find_bucket(std::string_view, bool) const override {
    return Error{Errc::not_found, "bucket not found"};
  }
};

struct Frame {
  Json header;
  std::string payload;

  const Json& column(size_t i) const { return header["columns"][i]; }
  template <class T>
  T value(size_t i, size_t row, const char* place = "at") const {
    T found{};
    const size_t at = column(i)[place].get<size_t>() + row * sizeof(T);
    REQUIRE(at + sizeof(T) <= payload.size());
    std::memcpy(&found, payload.data() + at, sizeof(T));
    return found;
  }
};

struct Fixture {
  ManualClock clock{0};
  std::unique_ptr<store::Store> store = store::make_memory_store(clock);
  NoCatalog catalog;
  ExecContext context{*store, catalog, clock};
  std::string out;
  WriteBytes sink = [this](std::string_view bytes) { return out += bytes, true; };

  std::vector<Frame> write(TablePtr table, ColumnsFormat format = {}) {
    out.clear();
    ColumnsWriter writer(format, sink);
    std::vector<TablePtr> tables;
    tables.push_back(std::move(table));
    CursorPtr cursor = cursor_of(std::move(tables));
    REQUIRE(writer.write_result(context, "mean", *cursor).ok());
    REQUIRE(writer.finish().ok());
    return frames();
  }
  std::vector<Frame> frames() const {
    std::vector<Frame> found;
    ByteReader in(out);
    while (!in.at_end()) {
      const auto header_bytes = in.le<uint32_t>(), payload_bytes = in.le<uint32_t>();
      CHECK(header_bytes % 8 == 0);
      CHECK(payload_bytes % 8 == 0);
      auto header = parse_json(in.bytes(header_bytes));
      REQUIRE(header.ok());
      found.push_back({*header, std::string(in.bytes(payload_bytes))});
      REQUIRE(in.ok());
    }
    return found;
  }
};

ColumnPtr column_of(ColumnType type, std::initializer_list<Scalar> values) {
  ColumnBuilder builder(type);
  for (const Scalar& value : values) builder.append(value);
  return builder.finish();
}

TEST_CASE_FIXTURE(Fixture, "every type comes as its array, and what is constant once as text") {
  GroupKey key;
  key.add("host", Scalar::of_string("a"));
  Chunk chunk;
  chunk.rows = 3;
  chunk.columns = {
      constant_column(Scalar::of_string("a"), 3),
      column_of(ColumnType::time, {Scalar::of_time(1), Scalar::of_time(2), Scalar::of_time(3)}),
      column_of(ColumnType::floating, {Scalar::of_float(1.5), Scalar::null_of(ColumnType::floating),
                                       Scalar::of_float(-0.25)}),
      column_of(ColumnType::integer, {Scalar::of_int(-1), Scalar::of_int(2), Scalar::of_int(3)}),
      column_of(ColumnType::boolean,
                {Scalar::of_bool(true), Scalar::of_bool(false), Scalar::of_bool(true)}),
      column_of(ColumnType::string,
                {Scalar::of_string("x"), Scalar::of_string("y"), Scalar::of_string("x")}),
      constant_column(Scalar::of_time(1'500'000'000), 3)};
  const Columns columns = {{"host", ColumnType::string}, {"_time", ColumnType::time},
                           {"f", ColumnType::floating},  {"i", ColumnType::integer},
                           {"b", ColumnType::boolean},   {"s", ColumnType::string},
                           {"_stop", ColumnType::time}};
  const std::vector<Frame> frames = write(make_table(key, columns, chunk));
  REQUIRE(frames.size() == 2);
  const Frame& frame = frames[0];
  CHECK(frame.header["result"] == "mean");
  CHECK(frame.header["table"] == 0);
  CHECK(frame.header["rows"] == 3);
  CHECK(frame.column(0) ==
        Json{{"label", "host"}, {"type", "string"}, {"group", true}, {"value", "a"}});
  CHECK(frame.column(1)["type"] == "dateTime:RFC3339");
  CHECK(frame.value<int64_t>(1, 2) == 3);
  CHECK(frame.value<double>(2, 2) == -0.25);
  CHECK(frame.value<uint8_t>(2, 0, "valid_at") == 1);
  CHECK(frame.value<uint8_t>(2, 1, "valid_at") == 0);
  CHECK_FALSE(frame.column(1).contains("valid_at"));
  CHECK(frame.value<int64_t>(3, 0) == -1);
  CHECK(frame.value<uint8_t>(4, 0) == 1);
  CHECK(frame.value<uint8_t>(4, 1) == 0);
  CHECK(frame.column(5)["texts"] == Json{"x", "y"});
  CHECK(frame.value<uint32_t>(5, 1) == 1);
  CHECK(frame.value<uint32_t>(5, 2) == 0);
  CHECK(frame.column(6)["value"] == "1970-01-01T00:00:01.5Z");
  CHECK(frames[1].header == Json{{"end", true}});
}

TEST_CASE_FIXTURE(Fixture, "an empty table is a frame without rows, an error the last frame") {
  GroupKey key;
  key.add("host", Scalar::of_string("a"));
  const Columns columns = {{"host", ColumnType::string}, {"f", ColumnType::floating}};
  std::vector<Frame> frames = write(make_table(key, columns, Chunk{}));
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].header["rows"] == 0);
  CHECK(frames[0].column(0)["value"] == "a");
  CHECK_FALSE(frames[0].column(1).contains("at"));

  out.clear();
  ColumnsWriter writer({}, sink);
  REQUIRE(writer.write_error("what now").ok());
  REQUIRE(writer.finish().ok());
  frames = this->frames();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].header == Json{{"error", "what now"}});
}

// A saw with one spike, every second.
Chunk saw(size_t rows, size_t spike) {
  ColumnBuilder times(ColumnType::time), values(ColumnType::floating);
  for (size_t i = 0; i < rows; ++i) {
    times.append_int(static_cast<int64_t>(i) * 1'000'000'000);
    values.append_float(i == spike ? 1e9 : static_cast<double>(i % 7));
  }
  return {rows, {times.finish(), values.finish()}};
}

TEST_CASE_FIXTURE(Fixture, "many rows come in frames of bounded size") {
  const size_t rows = 2 * ColumnsWriter::kFrameRowsMax + 1;
  const std::vector<Frame> frames = write(make_table(
      {}, {{"_time", ColumnType::time}, {"_value", ColumnType::floating}}, saw(rows, rows)));
  REQUIRE(frames.size() == 4);
  CHECK(frames[2].header["rows"] == 1);
  CHECK(frames[2].value<int64_t>(0, 0) == static_cast<int64_t>(rows - 1) * 1'000'000'000);
}

TEST_CASE_FIXTURE(Fixture, "a chart's width leaves its ends, its spikes and few rows more") {
  const size_t rows = 100'000, points = 200;
  const std::vector<Frame> frames =
      write(make_table({}, {{"_time", ColumnType::time}, {"_value", ColumnType::floating}},
                       saw(rows, 54'321)),
            {.points = points});
  REQUIRE(frames.size() == 2);
  const Frame& frame = frames[0];
  const auto kept = frame.header["rows"].get<size_t>();
  CHECK(kept <= 4 * (points + 1));
  CHECK(kept >= 2 * points);
  CHECK(frame.value<int64_t>(0, 0) == 0);
  CHECK(frame.value<int64_t>(0, kept - 1) == static_cast<int64_t>(rows - 1) * 1'000'000'000);
  size_t spikes = 0;
  int64_t last = -1;
  for (size_t row = 0; row < kept; ++row) {
    CHECK(frame.value<int64_t>(0, row) > last);
    last = frame.value<int64_t>(0, row);
    if (frame.value<double>(1, row) != 1e9) continue;
    CHECK(last == int64_t{54'321} * 1'000'000'000);
    ++spikes;
  }
  CHECK(spikes == 1);
}

TEST_CASE_FIXTURE(Fixture, "tables that are no lines over time keep all their rows") {
  Chunk chunk = saw(1000, 0);
  std::vector<uint32_t> backwards;
  for (uint32_t row = 1000; row-- > 0;) backwards.push_back(row);
  const std::vector<Frame> frames =
      write(make_table({}, {{"_time", ColumnType::time}, {"_value", ColumnType::floating}},
                       gather(chunk, backwards)),
            {.points = 10});
  CHECK(frames[0].header["rows"] == 1000);
}

}  // namespace
}  // namespace weir::query
