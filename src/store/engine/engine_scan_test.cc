// Scans over many series: by threads, in blocks, left early.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <set>

#include "base/log.h"
#include "store/engine/engine.h"
#include "store/engine/scan_cursors.h"
#include "store/memory/memory_store.h"
#include "store/testing.h"

namespace weir::store {
namespace {

using testing::BatchBuilder;
using testing::scan_lines;

constexpr BucketId kBucket{7};

struct World {
  ManualClock clock{1'700'000'000'000'000'000};
  testing::TemporaryDirectory directory;
  std::unique_ptr<Store> oracle = make_memory_store(clock);
  std::unique_ptr<Engine> engine;

  World() {
    EngineOptions options;
    options.directory = directory.path();
    options.durability.mode = Durability::Mode::none;
    options.background = false;
    auto opened = Engine::open(options, system_file_system(), clock);
    REQUIRE(opened.ok());
    engine = std::move(*opened);
    REQUIRE(engine->create_bucket(kBucket, {}).ok());
    REQUIRE(oracle->create_bucket(kBucket, {}).ok());
  }

  void write(size_t series, size_t rows, int64_t from) {
    for (Store* store : {oracle.get(), static_cast<Store*>(engine.get())}) {
      BatchBuilder batch;
      for (size_t i = 0; i < series; ++i) {
        for (size_t row = 0; row < rows; ++row) {
          batch.add(fmt::format("m,d={},site={}", i, i % 7), fmt::format("a={},b={}i", i, row),
                    from + static_cast<int64_t>(row));
        }
      }
      REQUIRE(write_and_wait(*store, kBucket, batch.take()).ok());
    }
  }

  void check_same(const ScanSpec& spec) {
    CHECK(scan_lines(*engine, spec) == scan_lines(*oracle, spec));
  }
};

}  // namespace

TEST_CASE_FIXTURE(World, "a scan by threads gives what a scan by one gives, in the same order") {
  write(200, 30, 0);
  REQUIRE(engine->seal_all().ok());
  write(150, 20, 25);
  ScanSpec spec;
  spec.bucket = kBucket;
  check_same(spec);
  spec.aggregate = Aggregate::mean;
  spec.window_every_ns = 8;
  check_same(spec);
  spec.as_parts = true;
  check_same(spec);
  spec.predicate = tag_equal("site", "3");
  check_same(spec);
  spec = {};
  spec.bucket = kBucket;
  spec.rows_per_series_max = 3;
  check_same(spec);
}

TEST_CASE_FIXTURE(World, "a scan of more series than are frozen together misses none") {
  write(kFrozenSeriesMax + 1500, 1, 0);
  REQUIRE(engine->seal_all().ok());
  write(kFrozenSeriesMax + 1500, 1, 5);
  ScanSpec spec;
  spec.bucket = kBucket;
  spec.aggregate = Aggregate::last;
  check_same(spec);
}

TEST_CASE_FIXTURE(World, "cursors that are left early, and more of them than threads, do no harm") {
  write(300, 40, 0);
  ScanSpec spec;
  spec.bucket = kBucket;
  std::vector<std::unique_ptr<ScanCursor>> cursors;
  for (int i = 0; i < 5; ++i) {
    cursors.push_back(std::move(*engine->scan(spec)));
    auto series = cursors.back()->next_series();
    REQUIRE(series.ok());
    REQUIRE(*series != nullptr);
    // Passes over rows that were not asked for.
    REQUIRE(*cursors.back()->next_series() != nullptr);
  }
  cursors.clear();
  check_same(spec);
}

TEST_CASE_FIXTURE(World, "an error ends a scan by threads where it ends one by one") {
  BatchBuilder early, late;
  for (int i = 100; i < 160; ++i) {
    early.add(fmt::format("m,d={}", i), "f=1", 1);
    if (i == 130) continue;
    late.add(fmt::format("m,d={}", i), "f=2", 2'000'000'000'000'000'000);
  }
  late.add("m,d=130", "g=2", 2'000'000'000'000'000'000);
  REQUIRE(write_and_wait(*engine, kBucket, early.take()).ok());
  REQUIRE(write_and_wait(*engine, kBucket, late.take()).ok());
  ScanSpec spec;
  spec.bucket = kBucket;
  spec.aggregate = Aggregate::sum;
  CHECK(scan_lines(*engine, spec).size() == 61);
  BatchBuilder text;
  text.add("m,d=120", "g=\"text\"", 4'000'000'000'000'000'000);
  REQUIRE(write_and_wait(*engine, kBucket, text.take()).ok());
  std::vector<std::string> lines = scan_lines(*engine, spec);
  REQUIRE(lines.size() == 22);  // of 100 to 120, and the error
  CHECK(lines.back().starts_with("error: unsupported input type for sum aggregate: string"));
}

}  // namespace weir::store
