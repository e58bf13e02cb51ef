// Series that have lost their points are forgotten, and nothing else is.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <random>
#include <thread>

#include "base/metrics.h"
#include "store/engine/series_index.h"
#include "store/engine/testing_machine.h"

namespace weir::store {

using testing::BatchBuilder;
using testing::kBucket;
using testing::Machine;
using testing::scan_lines;

namespace {

constexpr int64_t kDay = 86'400'000'000'000;

uint64_t known_series(Machine& machine) { return machine.engine->cardinality(kBucket, 10)->series; }

void write_one(Machine& machine, const std::string& series, int64_t time_ns, int64_t value = 1) {
  BatchBuilder points;
  points.add(series, fmt::format("x={}i", value), time_ns);
  REQUIRE(write_and_wait(*machine.engine, kBucket, points.take()).ok());
}

void remove_tag(Machine& machine, const std::string& key, const std::string& value) {
  REQUIRE(machine.engine->remove({kBucket, kTimeMin, kTimeMax, tag_equal(key, value)}).ok());
}

std::vector<std::string> lines(Machine& machine) {
  ScanSpec spec;
  spec.bucket = kBucket;
  return scan_lines(*machine.engine, spec);
}

void settle(Machine& machine) {
  REQUIRE(machine.engine->seal_all().ok());
  REQUIRE(machine.engine->maintain().ok());
}

}  // namespace

TEST_CASE("an index forgets series with all their names, and gives their ids to nobody") {
  SeriesIndex index;
  auto add = [&](const std::string& key) { return *index.add_series(key); };
  std::vector<SeriesId> kept, gone;
  for (int i = 0; i < 20'000; i++) {
    auto& list = i % 100 == 0 ? kept : gone;
    list.push_back(add(fmt::format("cpu,container={:064},host=h{}", i, i % 7)));
  }
  SeriesId other = add("gone,a=b");
  REQUIRE(index.find_alias(index.fingerprint("gone,a=b,"), "gone,a=b") == other);
  Roaring leaving(gone.size(), gone.data());
  leaving.add(other);
  index.begin_leaving(leaving);
  CHECK_FALSE(index.find(index.fingerprint("gone,a=b")));
  CHECK_FALSE(index.find(index.fingerprint("gone,a=b,")));
  CHECK(index.has(other));
  index.end_leaving(leaving);
  CHECK(index.known_count() == kept.size());
  CHECK(index.series_count() == 20'001);
  CHECK_FALSE(index.has(other));
  bool exact = true;
  CHECK(index.select(nullptr, exact).cardinality() == kept.size());
  CHECK(index.select(negation(tag_equal("host", "h1")).get(), exact).cardinality() ==
        kept.size() - index.select(tag_equal("host", "h1").get(), exact).cardinality());
  CHECK(index.select(tag_equal("a", "b").get(), exact).isEmpty());
  CHECK(index.tag_values_of(index.known(), "container").size() == kept.size());
  CHECK(index.tag_keys_of(index.known()) == std::vector<std::string>{"container", "host"});
  CHECK(index.cardinality(5).tags.at(0).values == kept.size());
  for (size_t i = 0; i < kept.size(); i++) {
    CHECK(index.key(kept[i]).canonical() ==
          fmt::format("cpu,container={:064},host=h{}", 100 * i, 100 * i % 7));
  }
  CHECK(add("gone,a=b") == 20'001);
  CHECK(index.find(index.fingerprint("gone,a=b")) == 20'001);
  std::vector<SeriesId> mixed = {gone[0], kept[1], other, kept[0]};
  index.sort_by_key(mixed);
  CHECK(mixed == std::vector<SeriesId>{kept[0], kept[1]});
}

TEST_CASE("a series that is asked for while it leaves stays") {
  SeriesIndex index;
  SeriesId a = *index.add_series("m,h=a"), b = *index.add_series("m,h=b");
  Roaring both;
  both.add(a), both.add(b);
  index.begin_leaving(both);
  CHECK(index.find_alias(index.fingerprint("m,h=a"), "m,h=a") == a);
  CHECK(index.leaving().cardinality() == 1);
  index.end_leaving(index.leaving());
  CHECK(index.find(index.fingerprint("m,h=a")) == a);
  CHECK_FALSE(index.has(b));
}

TEST_CASE("a key that comes again is of the newer series, though replay brings the older one too") {
  SeriesIndex index;
  SeriesId older = *index.add_series("m,h=a"), newer = *index.add_series("m,h=a");
  CHECK(index.find(index.fingerprint("m,h=a")) == newer);
  Roaring leaving;
  leaving.add(older);
  index.begin_leaving(leaving);
  CHECK(index.find(index.fingerprint("m,h=a")) == newer);
  index.end_leaving(index.leaving());
  CHECK_FALSE(index.has(older));
  CHECK(index.find(index.fingerprint("m,h=a")) == newer);
  bool exact = true;
  CHECK(index.select(tag_equal("h", "a").get(), exact).cardinality() == 1);
}

TEST_CASE("every spelling of a key goes, beside a key that two series have") {
  SeriesIndex index;
  (void)index.add_series("m,h=a");
  (void)index.add_series("m,h=a");
  SeriesId other = *index.add_series("m,a=1,h=b");
  REQUIRE(index.find_alias(index.fingerprint("m,h=b,a=1"), "m,a=1,h=b") == other);
  Roaring leaving;
  leaving.add(other);
  index.begin_leaving(leaving);
  CHECK_FALSE(index.find(index.fingerprint("m,a=1,h=b")));
  CHECK_FALSE(index.find(index.fingerprint("m,h=b,a=1")));
}

TEST_CASE("series that come and go leave nothing behind, over restarts") {
  Machine machine;
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
  write_one(machine, "stays,h=a", 5);
  for (int round = 0; round < 6; round++) {
    CAPTURE(round);
    BatchBuilder points;
    for (int i = 0; i < 500; i++) {
      points.add(fmt::format("cpu,c=c{}-{},round=r{}", round, i, round), "x=1i,y=2i", 10 + i);
    }
    REQUIRE(write_and_wait(*machine.engine, kBucket, points.take()).ok());
    if (round % 2 == 0) settle(machine);
    write_one(machine, "stays,h=a", 6 + round);
    remove_tag(machine, "round", fmt::format("r{}", round));
    settle(machine);
    CHECK(known_series(machine) == 1);
    if (round % 3 == 1) machine.crash();
    if (round % 3 == 2) REQUIRE(machine.engine->close().ok());
    if (round % 3 != 0) machine.must_open();
    CHECK(known_series(machine) == 1);
    CHECK(lines(machine).size() == size_t(2 + round));
  }
  // Their names are of new series.
  write_one(machine, "cpu,c=c0-0,round=r0", 77, 7);
  CHECK(lines(machine).front() == "cpu,c=c0-0,round=r0 x 77 7i");
  settle(machine);
  machine.crash();
  machine.must_open();
  CHECK(lines(machine).front() == "cpu,c=c0-0,round=r0 x 77 7i");
  CHECK(known_series(machine) == 2);
}

TEST_CASE("what the log may name is in the catalog, wherever a stop falls") {
  for (int crashed_at = 0; crashed_at < 9; crashed_at++) {
    CAPTURE(crashed_at);
    Machine machine;
    machine.segment_bytes = 100'000;  // the log keeps what is older, too
    machine.must_open();
    int step = 0;
    auto crash_here = [&] {
      if (step++ != crashed_at) return;
      machine.crash();
      machine.must_open();
    };
    REQUIRE(machine.engine->create_bucket(kBucket, {}).ok());
    // Another measurement's only series goes first, so that the numbers of measurements would
    // shift.
    write_one(machine, "first,h=a", 1);
    write_one(machine, "second,h=b", 2);
    settle(machine);
    crash_here();
    write_one(machine, "second,h=b", 3);  // keeps the log back
    write_one(machine, "first,h=a", 4);
    crash_here();
    remove_tag(machine, "_measurement", "first");
    crash_here();
    REQUIRE(machine.engine->maintain().ok());
    CHECK(lines(machine).size() == 2);
    crash_here();
    write_one(machine, "third,h=c", 5);
    REQUIRE(machine.engine->maintain().ok());
    crash_here();
    settle(machine);
    crash_here();
    CHECK(known_series(machine) == 2);
    write_one(machine, "first,h=a", 6, 60);
    crash_here();
    settle(machine);
    crash_here();
    CHECK(lines(machine) == std::vector<std::string>{"first,h=a x 6 60i", "second,h=b x 2 1i",
                                                     "second,h=b x 3 1i", "third,h=c x 5 1i"});
    machine.crash();
    machine.must_open();
    CHECK(lines(machine).size() == 4);
    CHECK(known_series(machine) == 3);
  }
}

TEST_CASE("series whose groups fell out of retention are forgotten, the others are not") {
  Machine machine;
  machine.must_open();
  REQUIRE(machine.engine->create_bucket(kBucket, {30 * kDay, 0}).ok());
  int64_t now = machine.clock.wall_ns();
  write_one(machine, "old,h=a", now - 29 * kDay);
  write_one(machine, "both,h=a", now - 29 * kDay);
  write_one(machine, "both,h=a", now);
  settle(machine);
  CHECK(known_series(machine) == 2);
  machine.clock.advance_ms(5LL * 86'400'000);
  settle(machine);
  settle(machine);
  CHECK(known_series(machine) == 1);
  machine.crash();
  machine.must_open();
  CHECK(known_series(machine) == 1);
  CHECK(lines(machine).size() == 1);
}

TEST_CASE("writers never lose a point to forgetting") {
  // Each point is written, read and deleted while other threads make its series come and go.
  testing::TemporaryDirectory directory;
  ManualClock clock{1'700'000'000'000'000'000};
  EngineOptions options;
  options.directory = directory.path();
  options.durability = {Durability::Mode::none, 0};
  options.background = false;
  auto engine = std::move(*Engine::open(options, system_file_system(), clock));
  REQUIRE(engine->create_bucket(kBucket, {}).ok());
  std::atomic<bool> stop = false;
  std::atomic<int> lost = 0;
  auto write_and_look = [&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int i = 0; i < 300; i++) {
      const std::string name = fmt::format("{}-{}", thread, random() % 5);
      BatchBuilder points;
      // Not everybody spells a key the same way.
      points.add(i % 2 == 0 ? fmt::format("m,a=1,h={}", name) : fmt::format("m,h={},a=1", name),
                 fmt::format("x={}i", i), 1000 + i);
      if (!write_and_wait(*engine, kBucket, points.take()).ok()) lost++;
      ScanSpec spec;
      spec.bucket = kBucket;
      spec.start_ns = 1000 + i;
      spec.stop_ns = spec.start_ns + 1;
      spec.predicate = tag_equal("h", name);
      if (scan_lines(*engine, spec) !=
          std::vector<std::string>{fmt::format("m,a=1,h={} x {} {}i", name, 1000 + i, i)}) {
        lost++;
      }
      if (!engine->remove({kBucket, kTimeMin, kTimeMax, tag_equal("h", name)}).ok()) lost++;
    }
  };
  std::thread maintenance([&] {
    while (!stop) {
      if (!engine->seal_all().ok() || !engine->maintain().ok()) lost++;
    }
  });
  std::vector<std::thread> writers;
  for (int thread = 0; thread < 3; thread++) writers.emplace_back(write_and_look, thread);
  for (std::thread& writer : writers) writer.join();
  stop = true;
  maintenance.join();
  CHECK(lost == 0);
  REQUIRE(engine->seal_all().ok());
  REQUIRE(engine->maintain().ok());
  CHECK(engine->cardinality(kBucket, 10)->series == 0);
}

}  // namespace weir::store
