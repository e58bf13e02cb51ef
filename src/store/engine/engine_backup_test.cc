// Copies of a store that is written to: what is in them, and that they are stores.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include "store/engine/engine.h"
#include "store/testing.h"

namespace weir::store {
namespace {

constexpr BucketId kBucket{7};
constexpr int kWriters = 3;

EngineOptions options_in(const std::string& directory, bool background) {
  EngineOptions options;
  options.directory = directory;
  options.background = background;
  if (background) options.head_bytes_max = 300'000;  // so that there is always something to seal
  options.log_segment_bytes = 100'000;
  options.log_bytes_max = 300'000;
  return options;
}

std::unique_ptr<Engine> must_open(const EngineOptions& options, const Clock& clock) {
  auto opened = Engine::open(options, system_file_system(), clock);
  if (!opened.ok()) FAIL(opened.error().message);
  return std::move(*opened);
}

// Batch n of a writer: ten rows of its series, the first of which batch n + 1 overwrites.
model::PointBatch make_batch(int writer, int64_t n) {
  testing::BatchBuilder points;
  for (int64_t i = 0; i <= 10; i++) {
    points.add(fmt::format("m,writer={}", writer), fmt::format("x={}i,s=\"batch {}\"", n, n),
               n * 10 + i);
  }
  return points.take();
}

// The values of x by time, of one writer.
std::map<int64_t, int64_t> rows_of(Store& store, int writer) {
  std::map<int64_t, int64_t> rows;
  ScanSpec spec;
  spec.bucket = kBucket;
  spec.predicate = all_of({tag_equal("writer", std::to_string(writer)), tag_equal("_field", "x")});
  auto cursor = store.scan(spec);
  REQUIRE(cursor.ok());
  model::ColumnChunk chunk;
  while (*(*cursor)->next_series() != nullptr) {
    while (*(*cursor)->next_chunk(chunk)) {
      for (size_t i = 0; i < chunk.rows(); i++) rows[chunk.times[i]] = chunk.ints[i];
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("a backup taken while others write holds whole batches, all that were acknowledged") {
  testing::TemporaryDirectory directory;
  SystemClock clock;
  auto engine = must_open(options_in(directory.path() + "/store", true), clock);
  REQUIRE(engine->create_bucket(kBucket, {0, 1000}).ok());
  std::atomic<bool> stopping = false;
  std::atomic<int64_t> acknowledged[kWriters] = {};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; writer++) {
    writers.emplace_back([&, writer] {
      for (int64_t n = 0; !stopping; n++) {
        if (!write_and_wait(*engine, kBucket, make_batch(writer, n)).ok()) break;
        acknowledged[writer] = n + 1;
      }
    });
  }
  for (int round = 0; round < 6; round++) {
    // The store has moved on since the last one.
    while (acknowledged[0] < round * 60) std::this_thread::yield();
    int64_t before[kWriters];
    for (int writer = 0; writer < kWriters; writer++) before[writer] = acknowledged[writer];
    std::string target = fmt::format("{}/backup{}", directory.path(), round);
    Result<uint64_t> taken = engine->backup(target);
    if (!taken.ok()) FAIL(taken.error().message);
    CHECK(*taken > 0);
    auto copy = must_open(options_in(target, false), clock);
    for (int writer = 0; writer < kWriters; writer++) {
      std::map<int64_t, int64_t> rows = rows_of(*copy, writer);
      int64_t batches = (static_cast<int64_t>(rows.size()) - 1) / 10;
      CHECK(batches >= before[writer]);
      CHECK(rows.size() == (batches == 0 ? 0 : static_cast<size_t>(batches * 10 + 1)));
      for (auto [time, value] : rows) CHECK(value == std::min(time / 10, batches - 1));
    }
    // It lives on its own: what is written to it is not in the original, nor the reverse.
    int64_t beyond = 1'000'000 + round;
    REQUIRE(write_and_wait(*copy, kBucket, make_batch(0, beyond)).ok());
    REQUIRE(copy->seal_all().ok());
    CHECK(!rows_of(*engine, 0).contains(beyond * 10));
  }
  stopping = true;
  for (std::thread& writer : writers) writer.join();
  REQUIRE(engine->close().ok());
}

TEST_CASE("a backup knows buckets, deletes and drops up to its moment, and none after it") {
  testing::TemporaryDirectory directory;
  ManualClock clock{1'700'000'000'000'000'000};
  auto engine = must_open(options_in(directory.path() + "/store", false), clock);
  REQUIRE(engine->create_bucket(kBucket, {0, 1000}).ok());
  REQUIRE(engine->create_bucket(BucketId{8}, {}).ok());
  for (int64_t n = 0; n < 300; n++) {
    REQUIRE(write_and_wait(*engine, kBucket, make_batch(0, n)).ok());
    if (n == 100) REQUIRE(engine->seal_all().ok());
    if (n == 200) REQUIRE(engine->maintain().ok());
  }
  DeleteSpec spec;
  spec.bucket = kBucket;
  spec.start_ns = 500, spec.stop_ns = 1499;
  REQUIRE(engine->remove(spec).ok());
  REQUIRE(engine->drop_bucket(BucketId{8}).ok());
  std::string target = directory.path() + "/backup";
  std::map<int64_t, int64_t> expected = rows_of(*engine, 0);
  REQUIRE(expected.size() == 2001);
  REQUIRE(engine->backup(target).ok());
  spec.start_ns = 0, spec.stop_ns = 10'000;
  REQUIRE(engine->remove(spec).ok());
  REQUIRE(engine->create_bucket(BucketId{9}, {}).ok());
  REQUIRE(engine->seal_all().ok());

  auto copy = must_open(options_in(target, false), clock);
  CHECK(rows_of(*copy, 0) == expected);
  CHECK(copy->statistics(BucketId{8}).error().code == Errc::not_found);
  CHECK(copy->statistics(BucketId{9}).error().code == Errc::not_found);
  REQUIRE(copy->seal_all().ok());
  CHECK(rows_of(*copy, 0) == expected);
  CHECK(rows_of(*engine, 0).empty());
}

TEST_CASE("a backup of a store that holds nothing is one") {
  testing::TemporaryDirectory directory;
  SystemClock clock;
  auto engine = must_open(options_in(directory.path() + "/store", false), clock);
  CHECK(*engine->backup(directory.path() + "/backup") == 0);
  auto copy = must_open(options_in(directory.path() + "/backup", false), clock);
  REQUIRE(copy->create_bucket(kBucket, {}).ok());
  REQUIRE(write_and_wait(*copy, kBucket, make_batch(0, 1)).ok());
  CHECK(rows_of(*copy, 0).size() == 11);
}

TEST_CASE("what prevents a backup is told, and the store goes on") {
  testing::TemporaryDirectory directory;
  SystemClock clock;
  auto engine = must_open(options_in(directory.path() + "/store", false), clock);
  REQUIRE(engine->create_bucket(kBucket, {}).ok());
  std::filesystem::create_directories(directory.path() + "/taken/chunks");
  Result<uint64_t> refused = engine->backup(directory.path() + "/taken");
  REQUIRE(!refused.ok());
  CHECK(refused.error().message.find("/taken/chunks") != std::string::npos);
  REQUIRE(write_and_wait(*engine, kBucket, make_batch(0, 1)).ok());
  CHECK(engine->backup(directory.path() + "/backup").ok());
}

}  // namespace weir::store
