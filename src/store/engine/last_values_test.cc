// What is kept of the newest values in chunks, and the scans that are answered with it.
#include "store/engine/last_values.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <atomic>
#include <thread>

#include "base/log.h"
#include "store/engine/engine.h"
#include "store/engine/metrics.h"
#include "store/testing.h"

namespace weir::store {
namespace {

using model::FieldType;
using testing::BatchBuilder;
using testing::scan_lines;
using Cells = std::vector<LastValues::Cell>;

constexpr LayoutField kFirst{0, FieldType::float64}, kSecond{1, FieldType::int64};

Cells read(const LastValues& values, SeriesId id) {
  Cells cells;
  REQUIRE(values.knows(id));
  values.read(id, cells);
  return cells;
}

constexpr BucketId kBucket{7};
constexpr int64_t kGroup = 1000;

struct World {
  ManualClock clock{1'700'000'000'000'000'000};
  testing::TemporaryDirectory directory;
  std::unique_ptr<Engine> engine;

  World() {
    open();
    REQUIRE(engine->create_bucket(kBucket, {0, kGroup}).ok());
  }
  void open() {
    engine.reset();
    EngineOptions options;
    options.directory = directory.path();
    options.durability.mode = Durability::Mode::none;
    options.background = false;
    options.delete_wait = std::chrono::hours(0);
    auto opened = Engine::open(options, system_file_system(), clock);
    REQUIRE(opened.ok());
    engine = std::move(*opened);
  }
  void write(std::string_view key, std::string_view fields, int64_t time_ns) {
    BatchBuilder batch;
    batch.add(key, fields, time_ns);
    REQUIRE(write_and_wait(*engine, kBucket, batch.take()).ok());
  }
  void remove(int64_t start_ns, int64_t stop_ns) {
    REQUIRE(engine->remove({kBucket, start_ns, stop_ns, nullptr}).ok());
  }
  std::vector<std::string> last(int64_t start_ns = kTimeMin, int64_t stop_ns = kTimeMax) {
    ScanSpec spec;
    spec.bucket = kBucket;
    spec.start_ns = start_ns;
    spec.stop_ns = stop_ns;
    spec.aggregate = Aggregate::last;
    std::vector<std::string> lines = scan_lines(*engine, spec);
    for (std::string& line : lines) line = line.substr(0, line.find(" @"));
    return lines;
  }
  // Series that a scan answers without chunks.
  uint64_t from_memory(int64_t start_ns = kTimeMin, int64_t stop_ns = kTimeMax) {
    uint64_t before = newest_from_memory_total.value();
    (void)last(start_ns, stop_ns);
    return newest_from_memory_total.value() - before;
  }
};
using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("of sealed values the newest is kept, and of two at one time the later sealed") {
  LastValues values;
  CHECK(read(values, 5).empty());
  values.add_sealed(5, Cells{{kFirst, 10, 1}});
  values.add_sealed(5, Cells{{kFirst, 9, 2}});
  CHECK(read(values, 5)[0].bits == 1);
  values.add_sealed(5, Cells{{kFirst, 10, 3}});
  CHECK(read(values, 5)[0].bits == 3);
}

TEST_CASE("a series that gets another field keeps what it has") {
  LastValues values;
  values.add_sealed(0, Cells{{kFirst, 10, 1}});
  values.add_sealed(1, Cells{{kFirst, 11, 2}});
  values.add_sealed(0, Cells{{kSecond, 5, 3}});
  Cells cells = read(values, 0);
  REQUIRE(cells.size() == 2);
  CHECK(cells[0].time_ns == 10);
  CHECK(cells[1].time_ns == 5);
  CHECK(cells[1].field == kSecond);
  values.add_sealed(2, Cells{{kFirst, 12, 4}});  // takes the place that became free
  CHECK(read(values, 0)[0].bits == 1);
  CHECK(read(values, 1)[0].bits == 2);
  CHECK(read(values, 2)[0].bits == 4);
}

TEST_CASE("a series from before the start is unknown until it is learned") {
  LastValues values;
  values.forget_all(3);
  CHECK_FALSE(values.knows(2));
  CHECK(values.knows(3));
  values.add_sealed(2, Cells{{kFirst, 10, 1}});
  CHECK_FALSE(values.knows(2));
  uint32_t ticket = values.begin_learning(2);
  REQUIRE(ticket != 0);
  values.learn(2, ticket, Cells{{kFirst, 10, 1}});
  CHECK(read(values, 2).size() == 1);
}

TEST_CASE("what was read before a seal, a delete or another reader began is not learned") {
  LastValues values;
  values.forget_all(1);
  uint32_t ticket = values.begin_learning(0);
  SUBCASE("a seal") { values.add_sealed(0, Cells{{kFirst, 10, 1}}); }
  SUBCASE("a delete") { values.forget_within(0, 0, 5); }
  SUBCASE("another reader") { CHECK(values.begin_learning(0) != ticket); }
  values.learn(0, ticket, Cells{{kFirst, 9, 1}});
  CHECK_FALSE(values.knows(0));
}

TEST_CASE("a series is forgotten when its newest value may be gone, and only then") {
  LastValues values;
  values.add_sealed(0, Cells{{kFirst, 10, 1}, {kSecond, 20, 2}});
  values.forget_within(0, 11, 19);
  CHECK(values.knows(0));
  values.forget_within(0, 20, 20);
  CHECK_FALSE(values.knows(0));
}

TEST_CASE("a series with too many fields is never known") {
  LastValues values;
  Cells cells;
  for (size_t i = 0; i <= LastValues::kFieldsMax; i++) {
    cells.push_back({{static_cast<FieldId>(i), FieldType::float64}, 1, 1});
  }
  values.add_sealed(0, cells);
  CHECK_FALSE(values.knows(0));
  CHECK(values.begin_learning(0) == 0);
}

TEST_CASE_FIXTURE(World, "the newest values come from memory: sealed, late and overwritten ones") {
  write("m,h=a", "x=1,y=1", 10);
  write("m,h=a", "x=2", 20);
  write("m,h=b", "i=7i", 15);
  REQUIRE(engine->seal_all().ok());
  CHECK(from_memory() == 2);
  CHECK(last() == Lines{"m,h=a x 20 2", "m,h=a y 10 1", "m,h=b i 15 7i"});
  write("m,h=a", "x=3", 5);      // late
  write("m,h=a", "y=9", 10);     // overwrites
  write("m,h=b", "i=8i", 2500);  // another group
  CHECK(last() == Lines{"m,h=a x 20 2", "m,h=a y 10 9", "m,h=b i 2500 8i"});
  REQUIRE(engine->seal_all().ok());
  CHECK(from_memory() == 2);
  CHECK(last() == Lines{"m,h=a x 20 2", "m,h=a y 10 9", "m,h=b i 2500 8i"});
}

TEST_CASE_FIXTURE(World, "a range that ends before the newest value asks the chunks") {
  write("m", "x=1", 10);
  write("m", "x=2", 20);
  write("m", "x=3", 30);
  REQUIRE(engine->seal_all().ok());
  CHECK(last(0, 30) == Lines{"m x 20 2"});
  CHECK(last(0, 31) == Lines{"m x 30 3"});
  CHECK(last(25, 35) == Lines{"m x 30 3"});
  CHECK(last(31, 40).empty());
  CHECK(from_memory(0, 30) == 0);
  CHECK(from_memory(31, 40) == 1);
  write("m", "x=4", 25);  // in the head, older than what the chunk has
  CHECK(last(0, 30) == Lines{"m x 25 4"});
  CHECK(last(0, 25) == Lines{"m x 20 2"});
}

TEST_CASE_FIXTURE(World, "texts come from the head, or from chunks") {
  write("m", "s=\"one\",x=1", 10);
  REQUIRE(engine->seal_all().ok());
  CHECK(last() == Lines{"m s 10 \"one\"", "m x 10 1"});
  CHECK(from_memory() == 0);
  write("m", "s=\"two\"", 11);
  CHECK(from_memory() == 1);
  CHECK(last() == Lines{"m s 11 \"two\"", "m x 10 1"});
}

TEST_CASE_FIXTURE(World, "after a start the first scan learns what the chunks have") {
  write("m,h=a", "x=1,y=2", 10);
  write("m,h=a", "x=2", 1500);
  REQUIRE(engine->seal_all().ok());
  write("m,h=b", "x=5", 3);
  open();
  CHECK(from_memory() == 0);
  CHECK(from_memory() == 2);
  CHECK(last() == Lines{"m,h=a x 1500 2", "m,h=a y 10 2", "m,h=b x 3 5"});
}

TEST_CASE_FIXTURE(World,
                  "deletes of the newest value, in chunks and in the head, show what is left") {
  write("m", "x=1", 10);
  write("m", "x=2", 20);
  REQUIRE(engine->seal_all().ok());
  write("m", "x=3", 30);
  remove(30, 40);
  CHECK(last() == Lines{"m x 20 2"});
  remove(15, 40);
  CHECK(last() == Lines{"m x 10 1"});  // chunks still hold it: the background has not been there
  REQUIRE(engine->maintain().ok());
  CHECK(last() == Lines{"m x 10 1"});
  write("m", "x=4", 20);
  REQUIRE(engine->seal_all().ok());
  CHECK(last() == Lines{"m x 20 4"});
  remove(0, 100);
  CHECK(last().empty());
}

TEST_CASE_FIXTURE(World, "a field that changed its type between groups ends the scan as ever") {
  write("m", "x=1", 10);
  write("m", "x=2i", 1500);
  REQUIRE(engine->seal_all().ok());
  REQUIRE(last().size() == 1);
  CHECK(last()[0].starts_with("error: schema collision"));
  CHECK(last(1000, 2000) == Lines{"m x 1500 2i"});
}

TEST_CASE_FIXTURE(World, "what retention drops is not remembered") {
  const int64_t now = clock.wall_ns();
  constexpr int64_t kHour = 3'600'000'000'000;
  constexpr BucketId kShort{8};
  REQUIRE(engine->create_bucket(kShort, {2 * kHour, kHour}).ok());
  auto put = [&](std::string_view key, int64_t time_ns) {
    BatchBuilder batch;
    batch.add(key, "x=1", time_ns);
    REQUIRE(write_and_wait(*engine, kShort, batch.take()).ok());
  };
  put("m,h=a", now - kHour);
  put("m,h=b", now - kHour);
  put("m,h=b", now);
  REQUIRE(engine->seal_all().ok());
  ScanSpec spec;
  spec.bucket = kShort;
  spec.aggregate = Aggregate::last;
  CHECK(scan_lines(*engine, spec).size() == 2);
  clock.advance_ms(5 * kHour / 2 / 1'000'000);
  REQUIRE(engine->maintain().ok());
  CHECK(scan_lines(*engine, spec).size() == 1);
}

TEST_CASE_FIXTURE(World, "a reader never misses what was acknowledged before it began") {
  constexpr int64_t kRows = 400;
  std::atomic<int64_t> acknowledged = 0;
  std::thread writer([&] {
    for (int64_t i = 1; i <= kRows; i++) {
      BatchBuilder batch;
      batch.add("m", fmt::format("x={}i", i), i);
      if (!write_and_wait(*engine, kBucket, batch.take()).ok()) break;
      acknowledged = i;
    }
    acknowledged = kRows;
  });
  std::thread sealer([&] {
    while (acknowledged < kRows) {
      if (!engine->seal_all().ok()) return;
    }
  });
  size_t wrong = 0;
  for (int64_t seen = 0; seen < kRows;) {
    seen = acknowledged;
    if (seen == 0) continue;
    ScanSpec spec;
    spec.bucket = kBucket;
    spec.aggregate = Aggregate::last;
    auto cursor = engine->scan(spec);
    model::ColumnChunk chunk;
    bool has = cursor.ok() && *(*cursor)->next_series() != nullptr;
    has = has && *(*cursor)->next_chunk(chunk) && chunk.rows() == 1;
    if (!has || chunk.ints[0] < seen || chunk.ints[0] != chunk.times[0]) wrong++;
  }
  writer.join();
  sealer.join();
  CHECK(wrong == 0);
  CHECK(last() == Lines{fmt::format("m x {} {}i", kRows, kRows)});
}

}  // namespace weir::store
