// What survives when the disk fails or the machine stops. The log goes through FaultFileSystem, the
// chunks through RocksDB in a real directory, which keeps what RocksDB wrote.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <filesystem>
#include <future>

#include "base/crc32c.h"
#include "base/fault_file_system.h"
#include "base/wal_format.h"
#include "store/engine/chunk_store.h"
#include "store/engine/engine.h"
#include "store/engine/log_records.h"
#include "store/engine/testing_machine.h"
#include "store/testing.h"
#include "store/write_rules.h"

namespace weir::store {

using testing::BatchBuilder;
using testing::kBucket;
using testing::Machine;
using testing::up_to;

TEST_CASE("after a power cut every acknowledged write is there, wherever it happens") {
  Machine machine;
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  for (int64_t i = 1; i <= 12; i++) {
    REQUIRE(machine.write(i).ok());
    if (i == 5) REQUIRE(machine.engine->seal_all().ok());
    machine.crash();
    machine.must_open();
    CHECK(machine.numbers() == up_to(i));
  }
}

TEST_CASE("unsynced writes survive as a prefix, however much of the tail was written") {
  for (uint64_t torn = 0; torn < 700; torn += 3) {
    CAPTURE(torn);
    Machine machine;
    machine.durability.mode = Durability::Mode::none;
    machine.must_open();
    REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
    for (int64_t i = 1; i <= 5; i++) REQUIRE(machine.write(i).ok());
    machine.crash(torn);
    machine.must_open();
    if (!machine.engine->statistics(kBucket).ok()) continue;  // not even the bucket was written
    std::vector<int64_t> found = machine.numbers();
    CHECK(found == up_to(int64_t(found.size())));
    REQUIRE(machine.write(9).ok());  // and it goes on
    machine.crash(5000);
    machine.must_open();
    CHECK(machine.numbers().back() == 9);
    if (torn > 150) torn += 12;  // opening takes long; the small ones matter most
  }
}

TEST_CASE("whichever file operation fails, acknowledged writes are there after reopening") {
  for (uint64_t n = 1;; n++) {
    CAPTURE(n);
    REQUIRE(n < 200);
    Machine machine;
    machine.must_open();
    REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
    machine.files.fail_operation(n, n % 2 == 0);
    std::vector<int64_t> acknowledged;
    for (int64_t i = 1; i <= 20; i++) {
      Result<WriteOutcome> outcome = machine.write(i);
      if (outcome.ok()) {
        acknowledged.push_back(i);
      } else {
        CHECK(outcome.error().code == Errc::unavailable);
      }
      if (i == 12) (void)machine.engine->seal_all();
    }
    CHECK(machine.numbers() == acknowledged);  // reads go on
    bool has_failed = machine.files.has_failed();
    machine.files.fail_operation(0);
    machine.crash();
    machine.must_open();
    std::vector<int64_t> found = machine.numbers();
    CHECK(std::includes(found.begin(), found.end(), acknowledged.begin(), acknowledged.end()));
    REQUIRE(machine.write(100).ok());
    if (!has_failed) break;
  }
}

void write_until_accepted(Machine& machine, const std::string& series, int64_t number) {
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (true) {
    BatchBuilder points;
    points.add(series, fmt::format("x={}i", number), number);
    Result<WriteOutcome> outcome = write_and_wait(*machine.engine, kBucket, points.take());
    if (outcome.ok()) return;
    REQUIRE(outcome.error().code == Errc::unavailable);
    REQUIRE(std::chrono::steady_clock::now() < until);
  }
}

TEST_CASE("a full disk refuses writes and loses nothing") {
  Machine machine;
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  REQUIRE(machine.write(1).ok());
  machine.files.set_capacity(2500);
  int64_t i = 2;
  while (machine.write(i).ok()) REQUIRE(++i < 100);
  CHECK(machine.write(i).error().message.find("No space left on device") != std::string::npos);
  CHECK(machine.engine->congested());
  CHECK(machine.engine->health().error().code == Errc::unavailable);
  CHECK(machine.numbers() == up_to(i - 1));  // reads go on
  // A series that was refused is known, and must reach the log before rows of it are taken.
  BatchBuilder refused;
  refused.add("new,h=1", "x=100i,y=1i", 100);
  CHECK(write_and_wait(*machine.engine, kBucket, refused.take()).error().code == Errc::unavailable);
  CHECK(machine.engine->remove({kBucket, kTimeMin, kTimeMax, nullptr}).error().code ==
        Errc::unavailable);
  machine.files.set_capacity(UINT64_MAX);
  write_until_accepted(machine, "new,h=1", 101);
  CHECK_FALSE(machine.engine->congested());
  CHECK(machine.engine->health().ok());
  std::vector<int64_t> expected = up_to(i - 1);
  expected.push_back(101);
  CHECK(machine.numbers() == expected);
  machine.crash();
  machine.must_open();
  CHECK(machine.numbers() == expected);
  REQUIRE(machine.engine->seal_all().ok());
  CHECK(machine.numbers() == expected);
}

TEST_CASE("a disk that is full again and again loses no acknowledged write and no definition") {
  Machine machine;
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  std::vector<int64_t> expected;
  for (int64_t round = 0, number = 1; round < 12; round++) {
    machine.files.set_capacity(1000 + uint64_t(round) * 700);
    // Writers that are on their way when the log stalls: definitions behind refused rows.
    std::vector<std::future<Result<WriteOutcome>>> writes;
    int64_t first = number;
    for (int i = 0; i < 20; i++, number++) {
      auto promise = std::make_shared<std::promise<Result<WriteOutcome>>>();
      writes.push_back(promise->get_future());
      BatchBuilder points;
      points.add(fmt::format("m,h={}", number), fmt::format("x={}i,f{}=1i", number, number),
                 number);
      machine.engine->write(kBucket, points.take(), [promise](Result<WriteOutcome> outcome) {
        promise->set_value(std::move(outcome));
      });
    }
    for (auto& write : writes) {
      if (write.get().ok()) expected.push_back(first);
      first++;
    }
    machine.files.set_capacity(UINT64_MAX);
    write_until_accepted(machine, fmt::format("m,h={}", number - 1), number);
    expected.push_back(number++);
    CHECK(machine.numbers() == expected);
    if (round % 3 == 2) {
      machine.crash();
      machine.must_open();
      CHECK(machine.numbers() == expected);
    }
  }
}

TEST_CASE(
    "after a failed sync nothing is acknowledged and no sync repeated, until it is reopened") {
  Machine machine;
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  REQUIRE(machine.write(1).ok());
  machine.files.fail_operation(2);  // reserve or append, then the sync
  while (machine.write(2).ok()) machine.files.fail_operation(2);
  REQUIRE(machine.files.has_failed());
  uint64_t operations = machine.files.operations();
  for (int64_t i = 3; i < 10; i++) {
    Result<WriteOutcome> outcome = machine.write(i);
    CHECK(outcome.error().code == Errc::unavailable);
    CHECK(outcome.error().message.find("until it is reopened") != std::string::npos);
  }
  CHECK_FALSE(machine.engine->seal_all().ok());
  CHECK(machine.files.operations() == operations);
  CHECK(machine.numbers().front() == 1);  // reads go on
  CHECK_FALSE(machine.engine->close().ok());
  machine.crash();
  machine.must_open();
  CHECK(machine.write(20).ok());
}

TEST_CASE("one process opens a directory at a time, and a missing segment is named") {
  Machine machine;
  machine.segment_bytes = 500;
  machine.must_open();
  EngineOptions options;
  options.directory = machine.directory.path();
  CHECK(Engine::open(options, machine.files, machine.clock).error().code == Errc::unavailable);
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  for (int64_t i = 1; i <= 60; i++) REQUIRE(machine.write(i).ok());
  std::string log = machine.directory.path() + "/log";
  std::vector<std::string> names = *machine.files.list(log);
  REQUIRE(names.size() > 3);
  machine.engine.reset();
  REQUIRE(machine.files.remove(log + "/" + names[1]).ok());
  Result<void> opened = machine.open();
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().message.find(names[2]) != std::string::npos);
}

TEST_CASE("a field's type outlives the log, even when its line was dropped") {
  Machine machine;
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  REQUIRE(machine.write(1).ok());  // x is an integer in this group
  BatchBuilder dropped;
  dropped.add("m", "y=1i,x=0.5", 2);
  REQUIRE(write_and_wait(*machine.engine, kBucket, dropped.take())->dropped_points == 1);
  REQUIRE(machine.engine->seal_all().ok());
  machine.crash();
  machine.must_open();
  for (const char* fields : {"x=0.5", "y=0.5"}) {
    BatchBuilder points;
    points.add("m", fields, 3);
    WriteOutcome outcome = *write_and_wait(*machine.engine, kBucket, points.take());
    CHECK(outcome.partial.find("already exists as type integer dropped=1") != std::string::npos);
  }
}

TEST_CASE("a record of many points is there as a whole after a power cut, or not at all") {
  constexpr int64_t kPoints = 40;
  size_t kept = 0, lost = 0;
  for (uint64_t torn = 0; torn < 600; torn += torn < 60 ? 1 : 17) {
    CAPTURE(torn);
    Machine machine;
    machine.durability.mode = Durability::Mode::none;
    machine.segment_bytes = 1'000'000;
    machine.must_open();
    REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
    REQUIRE(machine.engine->seal_all().ok());  // syncs what is there
    BatchBuilder points;
    for (int64_t i = 1; i <= kPoints; i++) {
      points.add(fmt::format("m,h={}", i % 3), fmt::format("x={}i,s=\"{}\"", i, i), i);
    }
    REQUIRE(write_and_wait(*machine.engine, kBucket, points.take()).ok());
    CHECK(machine.numbers() == up_to(kPoints));
    machine.crash(torn);
    machine.must_open();
    const std::vector<int64_t> found = machine.numbers();
    CHECK((found.empty() || found == up_to(kPoints)));
    (found.empty() ? lost : kept)++;
    REQUIRE(machine.write(kPoints + 1).ok());  // and writing goes on
  }
  CHECK(lost > 30);
  CHECK(kept > 5);
}

TEST_CASE("a type that no row has used yet outlives a checkpoint") {
  Machine machine;
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  BatchBuilder dropped;  // defines y, then breaks a rule
  dropped.add("m", "y=1i,s=\"" + std::string(kStringBytesMax + 1, 'x') + "\"", 1);
  REQUIRE(write_and_wait(*machine.engine, kBucket, dropped.take())->dropped_points == 1);
  REQUIRE(machine.engine->seal_all().ok());
  machine.crash();
  machine.must_open();
  BatchBuilder points;
  points.add("m", "y=0.5", 2);
  CHECK(write_and_wait(*machine.engine, kBucket, points.take())->dropped_points == 1);
}

TEST_CASE("rows that follow a delete in the log bring their types with them") {
  // As it is when a write has found its field's type, and a delete of all values that type was of
  // comes before it in the log: no new definition of the type is there.
  Machine machine;
  constexpr int64_t kHour = 3'600'000'000'000;
  const Layout layout = {{0, model::FieldType::int64}};
  auto row = [&](int64_t number) {
    RowsEncoder rows(1);
    rows.add_point(0, number, 0, layout);
    rows.add_value(model::FieldValue::of_int(number));
    return rows.take();
  };
  std::string log = segment_header(kStoreLog, 1);
  uint64_t lsn = 0;
  auto add = [&](RecordType type, const std::string& body) {
    lsn++;
    append_record_header(log, body.size(), crc32c(body), lsn, lsn - 1, static_cast<uint8_t>(type));
    log += body;
  };
  add(RecordType::bucket, encode(BucketRecord{1, kBucket, {0, kHour}}));
  add(RecordType::series, encode(SeriesRecord{1, 0, "m"}));
  add(RecordType::fields, encode(FieldRecord{1, 0, 0, "x"}));
  add(RecordType::field_types,
      encode(FieldTypeRecord{1, shard_group_start(5, kHour), 0, 0, model::FieldType::int64}));
  add(RecordType::rows, row(5));
  add(RecordType::removal, encode(RemovalRecord{1, kTimeMin, kTimeMax, nullptr}));
  add(RecordType::rows, row(6));
  machine.files.overwrite(machine.directory.path() + "/log/" + segment_name(1), log);
  machine.must_open();
  CHECK(machine.numbers() == std::vector<int64_t>{6});
  BatchBuilder points;
  points.add("m", "x=0.5", 7);
  CHECK(write_and_wait(*machine.engine, kBucket, points.take())->dropped_points == 1);
}

TEST_CASE("a power cut after a checkpoint leaves a log without a gap, synced or not") {
  for (uint64_t torn : {0, 100, 200, 300, 400}) {
    CAPTURE(torn);
    Machine machine;
    machine.durability.mode = Durability::Mode::none;
    machine.segment_bytes = 1'000'000;  // a full segment would be synced
    machine.log_bytes_max = 1;          // so that a round of maintenance seals and checkpoints
    machine.must_open();
    REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
    for (int64_t i = 1; i <= 5; i++) REQUIRE(machine.write(i).ok());
    REQUIRE(machine.engine->maintain().ok());
    machine.crash(torn);
    machine.must_open();
    CHECK(machine.numbers() == up_to(5));
    REQUIRE(machine.write(6).ok());
    machine.crash(5000);
    machine.must_open();
    CHECK(machine.numbers() == up_to(6));
  }
}

TEST_CASE("a log of few bytes but many rows is sealed, so that a restart has little to replay") {
  Machine machine;
  machine.replay_rows_max = 100;
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  for (int64_t i = 1; i <= 100; i++) REQUIRE(machine.write(i).ok());
  REQUIRE(machine.engine->maintain().ok());
  auto segments = [&] { return machine.files.list(machine.directory.path() + "/log")->size(); };
  CHECK(segments() > 2);
  REQUIRE(machine.write(101).ok());
  REQUIRE(machine.engine->maintain().ok());
  CHECK(segments() == 1);
  machine.crash();
  machine.must_open();
  CHECK(machine.numbers() == up_to(101));
}

TEST_CASE("retention drops whole groups, and they stay gone") {
  Machine machine;
  machine.must_open();
  constexpr int64_t kDay = 86'400'000'000'000;
  REQUIRE(machine.engine->create_bucket(kBucket, {30 * kDay, 0}).ok());
  int64_t now = machine.clock.wall_ns();
  REQUIRE(machine.write(now - 29 * kDay).ok());
  REQUIRE(machine.write(now).ok());
  REQUIRE(machine.engine->seal_all().ok());
  machine.clock.advance_ms(5LL * 86'400'000);
  CHECK(machine.numbers().size() == 2);  // readable until it is dropped
  REQUIRE(machine.engine->maintain().ok());
  CHECK(machine.numbers() == std::vector<int64_t>{now});
  machine.crash();
  machine.must_open();
  CHECK(machine.numbers() == std::vector<int64_t>{now});
}

// How many entries of any bucket the catalog has beside its first one.
size_t catalog_entries(const std::string& directory) {
  auto store = ChunkStore::open(directory + "/chunks", true);
  REQUIRE(store.ok());
  size_t entries = 0;
  for (const char* kind : {"b", "s", "f", "g"}) {
    REQUIRE((*store)
                ->read_catalog(kind,
                               [&](std::string_view, std::string_view) -> Result<void> {
                                 entries++;
                                 return {};
                               })
                .ok());
  }
  auto chunks = (*store)->iterator(nullptr);
  for (chunks->seek({}); chunks->valid(); chunks->next()) entries++;
  return entries;
}

TEST_CASE("wherever a stop falls in the life of a bucket that is dropped, the next start works") {
  constexpr BucketOptions kForEver = {}, kLong = {int64_t(1) << 62, 0};
  for (int crashed_at = 0; crashed_at <= 8; crashed_at++) {
    CAPTURE(crashed_at);
    Machine machine;
    machine.must_open();
    int step = 0;
    auto crash_here = [&] {
      if (step++ != crashed_at) return;
      machine.crash();
      machine.must_open();
    };
    REQUIRE(machine.engine->create_bucket(kBucket, kForEver).ok());
    REQUIRE(machine.engine->create_bucket(BucketId{8}, kForEver).ok());
    REQUIRE(machine.write(1).ok());
    REQUIRE(machine.engine->seal_all().ok());  // the names are in the catalog alone
    crash_here();
    REQUIRE(machine.engine->update_bucket(kBucket, kLong).ok());  // a record to make it anew from
    crash_here();
    REQUIRE(machine.write(2).ok());
    crash_here();
    BatchBuilder other;  // keeps the log from being freed
    other.add("m", "x=1i", 1);
    REQUIRE(write_and_wait(*machine.engine, BucketId{8}, other.take()).ok());
    REQUIRE(machine.write(3).ok());
    crash_here();
    REQUIRE(machine.engine->drop_bucket(kBucket).ok());
    crash_here();
    REQUIRE(machine.engine->maintain().ok());
    crash_here();
    CHECK(machine.engine->statistics(kBucket).error().code == Errc::not_found);
    REQUIRE(machine.engine->seal_all().ok());
    crash_here();
    REQUIRE(machine.engine->drop_bucket(BucketId{8}).ok());
    crash_here();
    REQUIRE(machine.engine->seal_all().ok());
    machine.crash();
    CHECK(catalog_entries(machine.directory.path()) == 0);
    machine.must_open();
    CHECK(machine.engine->statistics(kBucket).error().code == Errc::not_found);
  }
}

TEST_CASE("a dropped bucket's points are gone, also after a restart and under the same id") {
  Machine machine;
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  REQUIRE(machine.write(1).ok());
  REQUIRE(machine.engine->seal_all().ok());
  REQUIRE(machine.write(2).ok());
  REQUIRE(machine.engine->drop_bucket(kBucket).ok());
  CHECK(machine.engine->statistics(kBucket).error().code == Errc::not_found);
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  REQUIRE(machine.write(3).ok());
  machine.crash();
  machine.must_open();
  CHECK(machine.numbers() == std::vector<int64_t>{3});
}

}  // namespace weir::store
