// Automatic mapping and programs that write whole numbers share a measurement (write_rules.h).
#include <doctest/doctest.h>

#include "store/engine/engine.h"
#include "store/testing.h"

namespace weir::store {

TEST_CASE("whole numbers join the floats of automatic mapping, after a restart too") {
  constexpr BucketId kBucket{7};
  testing::TemporaryDirectory directory;
  SystemClock clock;
  EngineOptions options;
  options.directory = directory.path();
  options.background = false;
  auto write = [&](Store& store, std::string_view key, std::string_view fields, int64_t time_ns) {
    testing::BatchBuilder points;
    return *write_and_wait(store, kBucket, points.add(key, fields, time_ns).take());
  };
  ScanSpec everything;
  everything.bucket = kBucket;
  {
    auto engine = std::move(*Engine::open(options, system_file_system(), clock));
    REQUIRE(engine->create_bucket(kBucket, {}).ok());
    CHECK(write(*engine, "t,topic=t", "t=17", 1).partial.empty());
    CHECK(write(*engine, "t,location=here", "t=18i", 2).partial.empty());
    CHECK(write(*engine, "t,location=here", "t=true", 3).dropped_points == 1);
    CHECK(write(*engine, "u", "f=1.5", 1).partial.empty());
    CHECK(write(*engine, "u", "f=2i", 2).dropped_points == 1);
    REQUIRE(engine->seal_all().ok());
  }
  auto engine = std::move(*Engine::open(options, system_file_system(), clock));
  CHECK(write(*engine, "t,location=here", "t=19u", 4).partial.empty());
  CHECK(write(*engine, "u", "f=2i", 2).dropped_points == 1);
  CHECK(testing::scan_lines(*engine, everything) ==
        std::vector<std::string>{"t,location=here t 2 18", "t,location=here t 4 19",
                                 "t,topic=t t 1 17", "u f 1 1.5"});
}

}  // namespace weir::store
