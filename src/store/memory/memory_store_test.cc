#include "store/memory/memory_store.h"

#include <doctest/doctest.h>

#include "store/testing.h"

namespace weir::store {
namespace {

using testing::BatchBuilder;
using testing::scan_lines;
using Lines = std::vector<std::string>;

constexpr BucketId kBucket{1};
constexpr int64_t kDay = 86'400'000'000'000;

struct Fixture {
  ManualClock clock{1'700'000'000'000'000'000};
  std::unique_ptr<Store> store = make_memory_store(clock);
  Fixture() { REQUIRE(store->create_bucket(kBucket, {}).ok()); }

  WriteOutcome write(std::string_view key, std::string_view fields, int64_t time_ns) {
    BatchBuilder points;
    return *write_and_wait(*store, kBucket, points.add(key, fields, time_ns).take());
  }
  Lines scan(ScanSpec spec = {}) {
    spec.bucket = kBucket;
    return scan_lines(*store, spec);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the newest value of each field wins, and tags may come in any order") {
  write("m,b=2,a=1", "x=1,y=2i", 10);
  write("m,a=1,b=2", "x=3,z=true", 10);
  CHECK(scan() == Lines{"m,a=1,b=2 x 10 3", "m,a=1,b=2 y 10 2i", "m,a=1,b=2 z 10 true"});
}

TEST_CASE_FIXTURE(Fixture, "a line whose field changes type is dropped whole, the others stay") {
  write("m", "f=1i", 1);
  BatchBuilder points;
  points.add("m", "g=1,f=2.5", 2).add("m", "f=3i", 3);
  WriteOutcome outcome = *write_and_wait(*store, kBucket, points.take());
  CHECK(outcome.dropped_points == 1);
  CHECK(outcome.partial ==
        "partial write: field type conflict: input field \"f\" on measurement \"m\" is type float, "
        "already exists as type integer dropped=1");
  CHECK(scan() == Lines{"m f 1 1i", "m f 3 3i"});
  CHECK(write("m", "f=2.5", 8 * kDay).partial.empty());  // another shard group, another type
  CHECK(scan().back() == "error: schema collision: cannot group integer and float types together");
}

TEST_CASE_FIXTURE(Fixture, "whole numbers join the floats of automatic mapping, and only those") {
  write("t,topic=t", "t=17", 1);
  CHECK(write("t,location=here", "t=18i", 2).partial.empty());
  CHECK(write("t,location=here", "t=19u", 3).partial.empty());
  CHECK(write("t,location=here", "t=true", 4).dropped_points == 1);
  CHECK(scan() == Lines{"t,location=here t 2 18", "t,location=here t 3 19", "t,topic=t t 1 17"});
  write("u", "f=1.5", 1);
  CHECK(write("u", "f=2i", 2).dropped_points == 1);
}

TEST_CASE_FIXTURE(Fixture, "a lone field called time and an endless string are refused") {
  CHECK(write("m", "time=1", 1).partial ==
        "partial write: invalid field name: input field \"time\" on measurement \"m\" is invalid "
        "dropped=1");
  CHECK(write("m", "time=1,x=2", 1).partial.empty());
  std::string text(1'048'577, 'a');
  CHECK(write("m", "s=\"" + text + "\"", 1).partial ==
        "partial write: input field \"s\" on measurement \"m\" is too long, 1048577 > 1048576 "
        "dropped=1");
  CHECK(scan() == Lines{"m x 1 2"});
}

TEST_CASE_FIXTURE(Fixture,
                  "points beyond retention are dropped, groups beyond it disappear whole") {
  REQUIRE(store->update_bucket(kBucket, {30 * kDay, 0}).ok());
  int64_t now = clock.wall_ns();
  CHECK(write("m", "x=1", now - 31 * kDay).partial ==
        "partial write: points beyond retention policy dropped=1");
  CHECK(write("m", "x=2", now - 29 * kDay).partial.empty());
  CHECK(scan().size() == 1);
  clock.advance_ms(40LL * 86'400'000);
  CHECK(scan().empty());
}

TEST_CASE_FIXTURE(Fixture, "windows are aligned, clipped to the range, and absent when empty") {
  for (int64_t t : {5, 12, 18, 31}) write("m", "x=" + std::to_string(t), t);
  ScanSpec spec;
  spec.start_ns = 2, spec.stop_ns = 40, spec.window_every_ns = 10;
  spec.aggregate = Aggregate::mean;
  CHECK(scan(spec) == Lines{"m x 2 5 @2", "m x 10 15 @10", "m x 30 31 @30"});
  spec.aggregate = Aggregate::max;
  spec.window_offset_ns = 1;
  CHECK(scan(spec) == Lines{"m x 5 5 @2", "m x 18 18 @11", "m x 31 31 @31"});
  spec.window_every_ns = 0;
  spec.aggregate = Aggregate::count;
  CHECK(scan(spec) == Lines{"m x 2 4i @2"});
  spec.aggregate = Aggregate::last;
  CHECK(scan(spec) == Lines{"m x 31 31 @2"});
  write("s", "x=\"a\"", 5);
  spec.aggregate = Aggregate::sum;
  CHECK(scan(spec).back() == "error: unsupported input type for sum aggregate: string");
}

TEST_CASE_FIXTURE(Fixture, "a delete takes both ends of its range, by tags, measurement or field") {
  for (int64_t t = 1; t <= 4; t++) {
    write("m,h=a", "x=1,y=1", t);
    write("m,h=b", "x=1", t);
  }
  REQUIRE(store->remove({kBucket, 2, 3, tag_equal("h", "a")}).ok());
  CHECK(scan().size() == 2 + 2 + 4);
  REQUIRE(store->remove({kBucket, kTimeMin, kTimeMax, tag_equal("_field", "y")}).ok());
  CHECK(scan().size() == 2 + 4);
  CHECK(*store->schema({kBucket, 0, 10, nullptr, SchemaSpec::What::fields, ""}) == Lines{"x"});
  REQUIRE(store->remove({kBucket, kTimeMin, kTimeMax, nullptr}).ok());
  CHECK(scan().empty());
  CHECK(store->schema({kBucket, 0, 10, nullptr, SchemaSpec::What::measurements, ""})->empty());
  CHECK(write("m,h=a", "x=5i", 2).partial.empty());  // the type is forgotten with the values
}

TEST_CASE_FIXTURE(Fixture, "schema questions list distinct names of live series in order") {
  write("cpu,host=b,os=linux", "usage=1,idle=2", 1);
  write("cpu,host=a", "usage=1", 1);
  write("mem,host=a", "free=1i", 20 * kDay);
  auto ask = [&](SchemaSpec::What what, std::string tag_key = "", PredicatePtr predicate = nullptr,
                 int64_t stop_ns = kTimeMax) {
    return *store->schema({kBucket, 0, stop_ns, std::move(predicate), what, std::move(tag_key)});
  };
  using What = SchemaSpec::What;
  CHECK(ask(What::measurements) == Lines{"cpu", "mem"});
  CHECK(ask(What::measurements, "", nullptr, kDay) == Lines{"cpu"});
  CHECK(ask(What::tag_keys) == Lines{"host", "os"});
  CHECK(ask(What::tag_values, "host") == Lines{"a", "b"});
  CHECK(ask(What::tag_values, "os", tag_equal("host", "a")).empty());
  CHECK(ask(What::fields, "", tag_equal("_measurement", "cpu")) == Lines{"idle", "usage"});
  CHECK(ask(What::tag_values, "_field") == Lines{"free", "idle", "usage"});
  CHECK(ask(What::measurements, "", tag_equal("_field", "free")) == Lines{"mem"});
}

TEST_CASE_FIXTURE(Fixture, "statistics count series, and an unknown bucket is not found") {
  write("m,h=a", "x=1,y=2", 5);
  write("m,h=b", "x=1", 9);
  BucketStatistics statistics = *store->statistics(kBucket);
  CHECK(statistics.series == 2);
  CHECK(statistics.values_written == 3);
  CHECK(statistics.first_time_ns == 5);
  CHECK(statistics.last_time_ns == 9);
  CHECK(store->statistics(BucketId{9}).error().code == Errc::not_found);
  CHECK(write_and_wait(*store, BucketId{9}, {}).error().code == Errc::not_found);
  CHECK(store->create_bucket(kBucket, {}).error().code == Errc::conflict);
  REQUIRE(store->drop_bucket(kBucket).ok());
  CHECK(scan() == Lines{"error: bucket 0000000000000001 does not exist"});
}

}  // namespace weir::store
