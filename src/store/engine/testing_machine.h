// A store on a machine that can be switched off: what crash tests share.
//
// The log goes through FaultFileSystem, the chunks through RocksDB in a real directory, which keeps
// what RocksDB wrote. Used by *_test.cc only.
#pragma once

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <algorithm>

#include "base/fault_file_system.h"
#include "store/engine/engine.h"
#include "store/testing.h"

namespace weir::store::testing {

inline constexpr BucketId kBucket{7};

// The numbers that write() has written are read back by numbers().
struct Machine {
  FaultFileSystem files;
  testing::TemporaryDirectory directory;
  ManualClock clock{1'700'000'000'000'000'000};
  std::unique_ptr<Engine> engine;
  Durability durability;
  uint64_t segment_bytes = 2000;  // a segment for every few records
  uint64_t log_bytes_max = EngineOptions().log_bytes_max;
  uint64_t replay_rows_max = EngineOptions().replay_rows_max;
  size_t series_per_bucket_max = 0;
  std::chrono::milliseconds delete_wait = std::chrono::hours(1);  // deletes are done at once

  Result<void> open() {
    engine.reset();
    EngineOptions options;
    options.directory = directory.path();
    options.background = false;
    options.durability = durability;
    options.log_segment_bytes = segment_bytes;
    options.log_bytes_max = log_bytes_max;
    options.replay_rows_max = replay_rows_max;
    options.delete_wait = delete_wait;
    options.series_per_bucket_max = series_per_bucket_max;
    options.log_retry = std::chrono::milliseconds(1);
    auto opened = Engine::open(options, files, clock);
    if (!opened.ok()) return opened.error();
    engine = std::move(*opened);
    return {};
  }
  void must_open() {
    Result<void> opened = open();
    if (!opened.ok()) FAIL(opened.error().message);
  }
  // A power cut: nothing that runs now may reach the disk any more.
  void crash(uint64_t torn_bytes = 0) {
    files.crash(torn_bytes);
    engine.reset();
  }
  Result<WriteOutcome> write(int64_t number) {
    BatchBuilder points;
    points.add(fmt::format("m,h={}", number % 3), fmt::format("x={}i,s=\"{}\"", number, number),
               number);
    return write_and_wait(*engine, kBucket, points.take());
  }
  // The numbers of all rows that are there, in order.
  std::vector<int64_t> numbers() {
    std::vector<int64_t> found;
    ScanSpec spec;
    spec.bucket = kBucket;
    spec.predicate = tag_equal("_field", "x");
    auto cursor = engine->scan(spec);
    REQUIRE(cursor.ok());
    model::ColumnChunk chunk;
    while (*(*cursor)->next_series() != nullptr) {
      while (*(*cursor)->next_chunk(chunk)) {
        for (size_t i = 0; i < chunk.rows(); i++) {
          CHECK(chunk.ints[i] == chunk.times[i]);
          found.push_back(chunk.ints[i]);
        }
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }
};

inline std::vector<int64_t> up_to(int64_t last) {
  std::vector<int64_t> numbers;
  for (int64_t i = 1; i <= last; i++) numbers.push_back(i);
  return numbers;
}

}  // namespace weir::store::testing
