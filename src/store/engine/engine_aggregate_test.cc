// Aggregates over sealed chunks, whose headers may answer instead of their rows.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include "store/engine/engine.h"
#include "store/testing.h"

namespace weir::store {

TEST_CASE("a chunk without a row in the range has no say in the type of an aggregate") {
  constexpr BucketId kBucket{7};
  testing::TemporaryDirectory directory;
  ManualClock clock{1'000};
  EngineOptions options;
  options.directory = directory.path();
  options.background = false;
  auto opened = Engine::open(options, system_file_system(), clock);
  REQUIRE(opened.ok());
  std::unique_ptr<Engine> engine = std::move(*opened);
  REQUIRE(engine->create_bucket(kBucket, {}).ok());
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
