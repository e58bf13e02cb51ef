// Deletes: what is acknowledged when, what a stop in between leaves, what comes back to the disk.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <filesystem>
#include <random>
#include <thread>

#include "store/engine/testing_machine.h"

namespace weir::store {

using testing::BatchBuilder;
using testing::kBucket;
using testing::Machine;
using testing::scan_lines;

namespace {

using Lines = std::vector<std::string>;

Lines all_lines(Store& store) {
  ScanSpec spec;
  spec.bucket = kBucket;
  return scan_lines(store, spec);
}

void write_series(Machine& machine, int count, int64_t time_ns, std::string_view fields = "x=1i") {
  BatchBuilder points;
  for (int i = 0; i < count; i++) points.add(fmt::format("m,h={}", i), fields, time_ns);
  REQUIRE(write_and_wait(*machine.engine, kBucket, points.take()).ok());
}

uint64_t directory_bytes(const std::string& path) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    std::error_code gone;  // a compaction may remove files meanwhile
    uint64_t size = entry.file_size(gone);
    if (!gone && entry.path().extension() == ".sst") bytes += size;
  }
  return bytes;
}

constexpr int64_t kWeek = 7 * 86'400'000'000'000;

}  // namespace

TEST_CASE("a delete of what does not exist writes nothing") {
  Machine machine;
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  write_series(machine, 3, 1000);
  for (bool sealed : {false, true}) {
    if (sealed) REQUIRE(machine.engine->seal_all().ok());
    uint64_t operations = machine.files.operations();
    auto remove = [&](int64_t start, int64_t stop, PredicatePtr predicate) {
      REQUIRE(machine.engine->remove({kBucket, start, stop, std::move(predicate)}).ok());
    };
    remove(kTimeMin, kTimeMax, tag_equal("_measurement", "none"));
    remove(kTimeMin, kTimeMax, tag_equal("h", "none"));
    remove(kTimeMin, kTimeMax, tag_equal("_field", "none"));
    remove(kTimeMin, kTimeMax, *tag_matches("_field", "^y"));
    remove(kWeek, 2 * kWeek, nullptr);
    CHECK(machine.files.operations() == operations);
    CHECK(all_lines(*machine.engine).size() == 3);
  }
}

TEST_CASE(
    "an acknowledged delete is seen at once, and a stop before its chunks go resurrects none") {
  // Three groups, a delete over the last two, in which some rows are newer than it. Every step of
  // its work ends in a stop.
  for (int slices = 0; slices <= 12; slices++) {
    CAPTURE(slices);
    Machine machine;
    machine.delete_wait = std::chrono::milliseconds(0);  // a slice of work a delete
    machine.must_open();
    REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
    for (int64_t week : {0, 2, 4}) write_series(machine, 100, week * kWeek + 5);
    REQUIRE(machine.engine->seal_all().ok());
    REQUIRE(machine.engine->remove({kBucket, kWeek, 5 * kWeek, nullptr}).ok());
    CHECK(all_lines(*machine.engine).size() == 100);
    write_series(machine, 30, 2 * kWeek + 5, "x=2i");
    CHECK(all_lines(*machine.engine).size() == 130);
    // Each further delete takes nothing that is left, and works on the first one.
    for (int i = 0; i < slices; i++) {
      REQUIRE(machine.engine->remove({kBucket, 4 * kWeek, 4 * kWeek + 5, nullptr}).ok());
    }
    if (slices % 3 == 1) REQUIRE(machine.engine->maintain().ok());
    machine.crash();
    machine.must_open();
    Lines expected = all_lines(*machine.engine);
    CHECK(expected.size() == 130);
    REQUIRE(machine.engine->maintain().ok());
    CHECK(all_lines(*machine.engine) == expected);
    CHECK(machine.engine->statistics(kBucket)->series == 100);
    REQUIRE(machine.engine->seal_all().ok());
    machine.crash();
    machine.must_open();
    CHECK(all_lines(*machine.engine) == expected);
  }
}

TEST_CASE("rows that are sealed after a delete that waits stay, and late rows before it go") {
  Machine machine;
  machine.delete_wait = std::chrono::milliseconds(0);
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  write_series(machine, 50, 10);
  REQUIRE(machine.engine->seal_all().ok());
  write_series(machine, 50, 20);
  REQUIRE(machine.engine->remove({kBucket, 5, 20, tag_not_equal("h", "7")}).ok());
  write_series(machine, 50, 15, "x=3i");
  Lines expected = all_lines(*machine.engine);
  CHECK(expected.size() == 52);
  REQUIRE(machine.engine->seal_all().ok());
  CHECK(all_lines(*machine.engine) == expected);
  machine.crash();
  machine.must_open();
  CHECK(all_lines(*machine.engine) == expected);
}

TEST_CASE("a field may change its type when a delete has taken its values, also across a stop") {
  for (bool waits : {false, true}) {
    CAPTURE(waits);
    Machine machine;
    machine.must_open();
    REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
    write_series(machine, 3, 10, "x=1i,y=1i");
    REQUIRE(machine.engine->seal_all().ok());
    REQUIRE(machine.engine->remove({kBucket, kTimeMin, kTimeMax, tag_equal("_field", "x")}).ok());
    BatchBuilder points;
    points.add("m,h=1", "x=0.5", 10);
    CHECK(write_and_wait(*machine.engine, kBucket, points.take())->dropped_points == 0);
    Lines expected = all_lines(*machine.engine);
    CHECK(expected.size() == 4);
    machine.delete_wait = std::chrono::hours(waits ? 0 : 1);
    machine.crash();
    machine.must_open();
    CHECK(all_lines(*machine.engine) == expected);
    BatchBuilder kept;
    kept.add("m,h=1", "y=0.5", 10);
    CHECK(write_and_wait(*machine.engine, kBucket, kept.take())->dropped_points == 1);
  }
}

TEST_CASE("a delete of all of many series leaves no name and no bytes") {
  Machine machine;
  machine.delete_wait = std::chrono::milliseconds(0);
  machine.segment_bytes = 4'000'000;
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  constexpr int kSeries = 3000;
  std::mt19937_64 random(5);
  for (int64_t time = 1; time <= 20; time++) {
    BatchBuilder points;
    for (int i = 0; i < kSeries; i++) {
      points.add(fmt::format("m,h={}", i), fmt::format("x={}i", int64_t(random() >> 1)), time);
    }
    REQUIRE(write_and_wait(*machine.engine, kBucket, points.take()).ok());
  }
  REQUIRE(machine.engine->seal_all().ok());
  std::string chunks = machine.directory.path() + "/chunks";
  uint64_t before = directory_bytes(chunks);
  REQUIRE(before > 400'000);
  REQUIRE(machine.engine->remove({kBucket, kTimeMin, kTimeMax, nullptr}).ok());
  CHECK(all_lines(*machine.engine).empty());
  REQUIRE(machine.engine->maintain().ok());
  CHECK(machine.engine->statistics(kBucket)->series == 0);
  SchemaSpec everything;
  everything.bucket = kBucket;
  CHECK(machine.engine->schema(everything)->empty());
  REQUIRE(machine.engine->seal_all().ok());
  REQUIRE(machine.engine->maintain().ok());
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (directory_bytes(chunks) > before / 4 && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();  // RocksDB removes files on a thread of its own
  }
  CHECK(directory_bytes(chunks) < before / 4);
  machine.crash();
  machine.must_open();
  CHECK(all_lines(*machine.engine).empty());
}

}  // namespace weir::store
