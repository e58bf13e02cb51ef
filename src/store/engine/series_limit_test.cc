// How many series a bucket takes, and what they are made of.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <chrono>

#include "store/engine/series_index.h"
#include "store/engine/testing_machine.h"
#include "store/memory/memory_store.h"

namespace weir::store {

using testing::BatchBuilder;
using testing::kBucket;
using testing::Machine;

TEST_CASE("a bucket with as many series as it may takes known ones only, and says so") {
  Machine machine;
  machine.series_per_bucket_max = 3;
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  REQUIRE(machine.engine->create_bucket(BucketId{8}, {}).ok());
  auto write = [&](const std::vector<std::string>& series, BucketId bucket = kBucket) {
    BatchBuilder points;
    for (const std::string& key : series) points.add(key, "x=1i", 10);
    return *write_and_wait(*machine.engine, bucket, points.take());
  };
  CHECK(write({"m,h=a", "m,h=b"}).partial.empty());
  WriteOutcome outcome = write({"m,h=c", "m,h=d", "m,h=a", "m,h=e", "m,h=d"});
  CHECK(outcome.partial == "partial write: max-series-per-database limit exceeded: (3) dropped=3");
  CHECK(outcome.refused_series == std::vector<std::string>{"m,h=d", "m,h=e", "m,h=d"});
  CHECK(write({"m,h=b"}).partial.empty());
  CHECK(write({"m,h=z"}, BucketId{8}).partial.empty());  // each bucket has its own
  CHECK(machine.engine->statistics(kBucket)->series == 3);
  CHECK(machine.engine->cardinality(kBucket, 1)->series_max == 3);
  REQUIRE(machine.engine->seal_all().ok());
  machine.crash();
  machine.must_open();
  CHECK(write({"m,h=d"}).dropped_points == 1);
  // Deleting makes room.
  REQUIRE(machine.engine->remove({kBucket, kTimeMin, kTimeMax, tag_equal("h", "a")}).ok());
  REQUIRE(machine.engine->maintain().ok());
  CHECK(write({"m,h=d"}).partial.empty());
  CHECK(write({"m,h=e"}).dropped_points == 1);
}

TEST_CASE("engine and memory store tell the same of what a bucket's series are made of") {
  Machine machine;
  machine.must_open();
  auto memory = make_memory_store(machine.clock);
  for (Store* store : {static_cast<Store*>(machine.engine.get()), memory.get()}) {
    REQUIRE(store->create_bucket(kBucket, {}).ok());
    BatchBuilder points;
    for (int i = 0; i < 60; i++) {
      points.add(fmt::format("cpu,container=c{},host=h{}", i, i % 3), "x=1i,y=1i", 10);
      points.add(fmt::format("mem,host=h{}", i % 3), "free=1i", 10);
    }
    points.add("plain", "x=1i", 10);
    REQUIRE(write_and_wait(*store, kBucket, points.take()).ok());
    Cardinality found = *store->cardinality(kBucket, 2);
    CHECK(found.series == 64);
    CHECK(found.measurement_count == 3);
    CHECK(found.tag_count == 2);
    REQUIRE(found.measurements.size() == 2);
    CHECK(found.measurements[0].name == "cpu");
    CHECK(found.measurements[0].series == 60);
    CHECK(found.measurements[0].fields == 2);
    CHECK(found.measurements[1].name == "mem");
    REQUIRE(found.tags.size() == 2);
    CHECK(found.tags[0].key == "container");
    CHECK(found.tags[0].values == 60);
    CHECK(found.tags[0].largest_value_series == 1);
    CHECK(found.tags[1].key == "host");
    CHECK(found.tags[1].series == 63);
    CHECK(found.tags[1].largest_value == "h0");
    CHECK(found.tags[1].largest_value_series == 21);
    CHECK(store->cardinality(kBucket, 1)->tags.size() == 1);
    CHECK(store->cardinality(BucketId{99}, 1).error().code == Errc::not_found);
  }
}

TEST_CASE("a bucket's share of the log is what it wrote and is not in chunks") {
  Machine machine;
  machine.segment_bytes = 1'000'000;
  machine.must_open();
  for (BucketId bucket : {kBucket, BucketId{8}}) {
    REQUIRE(machine.engine->create_bucket(bucket, {}).ok());
  }
  for (int64_t i = 1; i <= 50; i++) REQUIRE(machine.write(i).ok());
  uint64_t written = machine.engine->statistics(kBucket)->log_bytes;
  CHECK(written > 50 * 21);
  CHECK(machine.engine->statistics(BucketId{8})->log_bytes == 0);
  machine.crash();
  machine.must_open();
  CHECK(machine.engine->statistics(kBucket)->log_bytes == written);
  REQUIRE(machine.engine->seal_all().ok());
  CHECK(machine.engine->statistics(kBucket)->log_bytes == 0);
}

}  // namespace weir::store
