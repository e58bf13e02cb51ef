// Aggregates over sealed chunks, whose headers may answer instead of their rows.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cmath>

#include "store/engine/engine.h"
#include "store/testing.h"

namespace weir::store {
namespace {

constexpr BucketId kBucket{7};

struct World {
  testing::TemporaryDirectory directory;
  ManualClock clock{1'000};
  std::unique_ptr<Engine> engine;

  World() {
    EngineOptions options;
    options.directory = directory.path();
    options.background = false;
    auto opened = Engine::open(options, system_file_system(), clock);
    REQUIRE(opened.ok());
    engine = std::move(*opened);
    REQUIRE(engine->create_bucket(kBucket, {}).ok());
  }
};

// Rows [0, 5000) in tenths, which do not add up exactly.
double value_at(int64_t row) { return static_cast<double>(row * 7919 % 1000) / 10; }

std::vector<double> sums(Engine& engine, int64_t start_ns, int64_t stop_ns, int64_t every_ns) {
  ScanSpec spec;
  spec.bucket = kBucket;
  spec.aggregate = Aggregate::sum;
  spec.start_ns = start_ns;
  spec.stop_ns = stop_ns;
  spec.window_every_ns = every_ns;
  auto cursor = engine.scan(spec);
  REQUIRE(cursor.ok());
  REQUIRE(*(*cursor)->next_series() != nullptr);
  std::vector<double> found;
  model::ColumnChunk chunk;
  while (*(*cursor)->next_chunk(chunk)) {
    found.insert(found.end(), chunk.floats.begin(), chunk.floats.end());
  }
  return found;
}

std::vector<double> sums_in_order(int64_t start, int64_t stop, int64_t every) {
  std::vector<double> found;
  for (int64_t row = start; row < stop; row++) {
    if (row == start || row % every == 0) found.push_back(0);
    found.back() += value_at(row);
  }
  return found;
}

}  // namespace

TEST_CASE_FIXTURE(World, "sums of windows are taken in time order, to the last digit") {
  constexpr int64_t kRows = 5000;
  testing::BatchBuilder points;
  for (int64_t row = 0; row < kRows; row++) {
    points.add("m", fmt::format("x={}", value_at(row)), row * 10);
  }
  REQUIRE(write_and_wait(*engine, kBucket, points.take()).ok());
  for (const char* where : {"head", "chunks", "joined chunks"}) {
    CAPTURE(where);
    for (int64_t every : {1, 7, 60, 90}) {
      CAPTURE(every);
      for (auto [start, stop] : {std::pair<int64_t, int64_t>{0, kRows}, {33, 4321}, {100, 102}}) {
        std::vector<double> found = sums(*engine, start * 10, stop * 10, every * 10);
        std::vector<double> wanted = sums_in_order(start, stop, every);
        REQUIRE(found.size() == wanted.size());
        CHECK(found == wanted);
      }
    }
    REQUIRE(sums(*engine, 1, kRows * 10, 0).size() == 1);
    double all = sums(*engine, 1, kRows * 10, 0)[0];
    CHECK(std::abs(all - sums_in_order(1, kRows, 2 * kRows)[0]) < 1e-6);
    REQUIRE(engine->seal_all().ok());
    if (where == std::string_view("chunks")) {
      clock.advance_ms(10'000);
      REQUIRE(engine->maintain().ok());
    }
  }
}

TEST_CASE_FIXTURE(World,
                  "a chunk without a row in the range has no say in the type of an aggregate") {
  testing::BatchBuilder points;
  for (int64_t time_ns : {1, 2, 30, 31}) points.add("m,h=a", "s=\"text\",b=true", time_ns);
  REQUIRE(write_and_wait(*engine, kBucket, points.take()).ok());
  REQUIRE(engine->seal_all().ok());

  for (Aggregate aggregate : {Aggregate::sum, Aggregate::mean, Aggregate::min, Aggregate::max}) {
    for (int64_t window_every_ns : {0, 5}) {
      CAPTURE(static_cast<int>(aggregate));
      CAPTURE(window_every_ns);
      ScanSpec spec;
      spec.bucket = kBucket;
      spec.aggregate = aggregate;
      spec.window_every_ns = window_every_ns;
      spec.start_ns = 10;
      spec.stop_ns = 20;
      CHECK(testing::scan_lines(*engine, spec).empty());
      spec.stop_ns = 31;
      std::vector<std::string> lines = testing::scan_lines(*engine, spec);
      REQUIRE_FALSE(lines.empty());
      CHECK(lines.back().find("unsupported input type") != std::string::npos);
    }
  }
}

}  // namespace weir::store
