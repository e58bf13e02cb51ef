// The bound of the memory that rows take until they are in chunks.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include "store/engine/engine.h"
#include "store/engine/row_group.h"
#include "store/testing.h"

namespace weir::store {
namespace {

constexpr BucketId kBucket{7};

model::PointBatch batch_of(int64_t first) {
  testing::BatchBuilder points;
  for (int64_t i = 0; i < 100; i++) {
    points.add("m", fmt::format("s=\"{}\"", std::string(100, 'x')), first + i);
  }
  return points.take();
}

}  // namespace

TEST_CASE("the texts of rows count as memory, however often their columns grow") {
  auto memory = std::make_shared<std::atomic<int64_t>>(0);
  {
    std::shared_ptr<RowGroup> rows;
    constexpr int64_t kRows = 100, kTextBytes = 1000;
    for (int64_t i = 0; i < kRows; i++) {
      RowsEncoder encoder(1);
      encoder.add_point(0, i, 0, {{0, model::FieldType::string}});
      const std::string text(kTextBytes, 'x');
      encoder.add_value(model::FieldValue::of_string(text));
      const std::string record = encoder.take();
      RowsDecoder point(RecordType::rows, record);
      REQUIRE(*point.next());
      REQUIRE(RowsWriter(rows, memory).append(point).ok());
    }
    CHECK(*memory > kRows * kTextBytes);
  }
  CHECK(*memory == 0);
}

TEST_CASE("a store asks its senders to pause well before it refuses them, until it has sealed") {
  testing::TemporaryDirectory directory;
  SystemClock clock;
  EngineOptions options;
  options.directory = directory.path();
  options.head_bytes_max = 200'000;
  options.background = false;
  auto engine = std::move(*Engine::open(options, system_file_system(), clock));
  REQUIRE(engine->create_bucket(kBucket, {}).ok());
  int64_t next = 0, accepted_while_congested = 0;
  while (true) {
    bool congested = engine->congested();
    Result<WriteOutcome> outcome = write_and_wait(*engine, kBucket, batch_of(next));
    if (!outcome.ok()) {
      CHECK(outcome.error().code == Errc::unavailable);
      break;
    }
    accepted_while_congested += congested ? 1 : 0;
    next += 100;
  }
  CHECK(accepted_while_congested > 2);
  CHECK(engine->congested());
  REQUIRE(engine->seal_all().ok());
  CHECK_FALSE(engine->congested());
  CHECK(write_and_wait(*engine, kBucket, batch_of(next)).ok());
}

}  // namespace weir::store
