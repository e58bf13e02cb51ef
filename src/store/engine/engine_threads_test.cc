// Writers, scans, sealing and deletes at once; meant for ThreadSanitizer, and true without it.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <atomic>
#include <thread>

#include "store/engine/engine.h"
#include "store/testing.h"

namespace weir::store {
namespace {

constexpr BucketId kBucket{7};
constexpr int kWriters = 3;
constexpr int64_t kBatches = 60, kPointsPerBatch = 50;

// A writer's batch: its own series and a shared one, some points late, fields that come and go.
model::PointBatch make_batch(int writer, int64_t batch) {
  testing::BatchBuilder points;
  for (int64_t i = 0; i < kPointsPerBatch; i++) {
    int64_t time = batch * kPointsPerBatch + i;
    points.add(fmt::format("m,writer={}", writer), fmt::format("x={}i", time), time);
    if (i % 7 == 0) points.add("shared", fmt::format("w{}={}i", writer, time), time);
    if (i % 11 == 0) points.add("text", fmt::format("s{}=\"{}\"", writer, time), time / 2);
  }
  return points.take();
}

// Rows of field x in time order, each value its time; how many there are.
int64_t count_rows(Store& store, int writer) {
  ScanSpec spec;
  spec.bucket = kBucket;
  spec.predicate = tag_equal("writer", std::to_string(writer));
  auto cursor = store.scan(spec);
  REQUIRE(cursor.ok());
  int64_t rows = 0, last = -1;
  model::ColumnChunk chunk;
  while (*(*cursor)->next_series() != nullptr) {
    while (*(*cursor)->next_chunk(chunk)) {
      for (size_t i = 0; i < chunk.rows(); i++, rows++) {
        bool right = chunk.ints[i] == chunk.times[i] && chunk.times[i] > last;
        if (!right) FAIL("a scan gave a wrong row at ", chunk.times[i]);
        last = chunk.times[i];
      }
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("a scan sees whole acknowledged batches while others write, seal and delete") {
  testing::TemporaryDirectory directory;
  SystemClock clock;
  EngineOptions options;
  options.directory = directory.path();
  options.head_bytes_max = 200'000;  // so that the background thread seals all the time
  options.log_segment_bytes = 100'000;
  options.log_bytes_max = 300'000;
  {
    auto engine = std::move(*Engine::open(options, system_file_system(), clock));
    REQUIRE(engine->create_bucket(kBucket, {0, 1000}).ok());
    std::atomic<int> writing = kWriters;
    std::atomic<int64_t> acknowledged[kWriters] = {};
    std::vector<std::thread> threads;
    for (int writer = 0; writer < kWriters; writer++) {
      threads.emplace_back([&, writer] {
        for (int64_t batch = 0; batch < kBatches; batch++) {
          while (engine->congested()) std::this_thread::yield();
          bool ok = write_and_wait(*engine, kBucket, make_batch(writer, batch)).ok();
          if (ok) acknowledged[writer] += kPointsPerBatch;
        }
        writing--;
      });
    }
    threads.emplace_back([&] {
      while (writing > 0) {
        for (int writer = 0; writer < kWriters; writer++) {
          int64_t before = acknowledged[writer];
          int64_t rows = count_rows(*engine, writer);
          if (rows < before || rows % kPointsPerBatch != 0) FAIL("got ", rows, " of ", before);
        }
      }
    });
    threads.emplace_back([&] {
      while (writing > 0) {
        (void)engine->remove({kBucket, 0, kTimeMax, tag_equal("_measurement", "shared")});
        (void)engine->seal_all();
        (void)engine->schema({kBucket, 0, kTimeMax, nullptr, SchemaSpec::What::fields, ""});
        (void)engine->statistics(kBucket);
      }
    });
    for (std::thread& thread : threads) thread.join();
    for (int writer = 0; writer < kWriters; writer++) {
      CHECK(acknowledged[writer] == kBatches * kPointsPerBatch);
    }
  }
  auto engine = std::move(*Engine::open(options, system_file_system(), clock));
  for (int writer = 0; writer < kWriters; writer++) {
    CHECK(count_rows(*engine, writer) == kBatches * kPointsPerBatch);
  }
}

}  // namespace weir::store
