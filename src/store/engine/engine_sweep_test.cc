// Every file operation of the store, the log's and RocksDB's, fails in turn; then the power goes.
// What was acknowledged is there after the next start, what was deleted is not, and the store that
// saw the failure goes on answering.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "base/fault_file_system.h"
#include "store/engine/engine.h"
#include "store/engine/fault_env.h"
#include "store/testing.h"

namespace weir::store {
namespace {

using testing::BatchBuilder;

constexpr BucketId kFirst{7}, kSecond{8};
constexpr int64_t kGroup = 1000;  // a shard group, in ns

// What may be in the store: each cell's values, of which it has one. An operation that is
// acknowledged leaves one; one that fails adds to what may be.
class Expected {
 public:
  using Value = std::optional<int64_t>;  // none: no value
  struct Cell {
    uint64_t bucket = 0;
    int series = 0;
    char field = 'x';
    int64_t time = 0;
    auto operator<=>(const Cell&) const = default;
  };

  void write(const Cell& cell, int64_t value, bool acknowledged) {
    std::set<Value>& values = cells_.try_emplace(cell, std::set<Value>{Value()}).first->second;
    if (acknowledged) values.clear();
    values.insert(value);
  }
  template <class Chosen>
  void remove(Chosen chosen, bool acknowledged) {
    for (auto& [cell, values] : cells_) {
      if (!chosen(cell)) continue;
      if (acknowledged) values.clear();
      values.insert(Value());
    }
  }
  // Compares with what was read; what a start has found stays so.
  void compare(const std::map<Cell, int64_t>& found, bool keep) {
    for (const auto& [cell, value] : found) {
      CAPTURE(cell.bucket);
      CAPTURE(cell.series);
      CAPTURE(cell.field);
      CAPTURE(cell.time);
      auto known = cells_.find(cell);
      bool may_be = known != cells_.end() && known->second.contains(value);
      CHECK_MESSAGE(may_be, "there is ", value, ", which was deleted, overwritten or never there");
    }
    for (auto& [cell, values] : cells_) {
      auto at = found.find(cell);
      Value value = at == found.end() ? Value() : Value(at->second);
      if (!value) {
        CAPTURE(cell.bucket);
        CAPTURE(cell.series);
        CAPTURE(cell.field);
        CAPTURE(cell.time);
        bool may_miss = values.contains(Value());
        CHECK_MESSAGE(may_miss, "an acknowledged value is lost");
      }
      if (keep) values = {value};
    }
  }

 private:
  std::map<Cell, std::set<Value>> cells_;
};

class Sweep {
 public:
  Sweep() : env_(testing::make_fault_env(files)) {}
  ~Sweep() { engine_.reset(); }

  FaultFileSystem files;

  Result<void> open() {
    engine_.reset();
    EngineOptions options;
    options.directory = "/store";
    options.background = false;
    options.log_segment_bytes = 2000;
    options.delete_wait = std::chrono::hours(1);  // deletes are done at once
    options.log_retry = std::chrono::milliseconds(1);
    options.chunk_env = env_.get();
    auto opened = Engine::open(options, files, clock_);
    if (!opened.ok()) return opened.error();
    engine_ = std::move(*opened);
    return {};
  }
  void must_open() {
    Result<void> opened = open();
    if (!opened.ok()) FAIL(opened.error().message);
  }
  void crash(uint64_t torn_bytes, bool keeps_names) {
    files.crash(torn_bytes, keeps_names);
    engine_.reset();
  }

  // The life of two buckets; false if a start in the middle of it failed.
  bool live(uint64_t torn_bytes, bool keeps_names) {
    create(kFirst);
    create(kSecond);
    for (int64_t i = 0; i < 6; i++) write(kFirst, int(i % 3), 10 * i, 5);
    write(kSecond, 0, 10, 3);
    (void)engine_->seal_all();
    write(kFirst, 1, 12, 5);  // newer, earlier, later, and the same again
    write(kFirst, 0, 5, 1);
    remove(kFirst, 1, 11, 30);
    write(kFirst, 1, 14, 1);
    maintain();
    compare(false);
    for (int64_t i = 0; i < 4; i++) write(kFirst, int(i), 2000 + 10 * i, 4);
    (void)engine_->seal_all();
    drop(kSecond);
    remove(kFirst, 3, kTimeMin, kTimeMax);  // all of a series
    maintain();
    crash(torn_bytes, keeps_names);
    if (!open().ok()) return false;
    compare(true);
    create(kSecond);
    write(kSecond, 0, 11, 2);
    write(kFirst, 2, 20, 2);
    remove(kFirst, 2, 0, 24);
    (void)engine_->seal_all();
    maintain();
    write(kFirst, 2, 21, 1);
    remove(kFirst, -1, 2000, 2999);  // all of a group
    (void)engine_->seal_all();
    maintain();
    write(kFirst, 3, 2005, 1);
    compare(false);
    return true;
  }

  void compare(bool keep) {
    std::map<Expected::Cell, int64_t> found;
    for (BucketId bucket : {kFirst, kSecond}) {
      ScanSpec spec;
      spec.bucket = bucket;
      auto cursor = engine_->scan(spec);
      if (!cursor.ok()) {
        CHECK(cursor.error().code == Errc::not_found);
        continue;
      }
      model::ColumnChunk chunk;
      while (true) {
        auto series = (*cursor)->next_series();
        if (!series.ok()) FAIL(series.error().message);
        if (*series == nullptr) break;
        int number = std::stoi((*series)->key.tags.at(0).value);
        char field = (*series)->field.at(0);
        while (*(*cursor)->next_chunk(chunk)) {
          for (size_t i = 0; i < chunk.rows(); i++) {
            found[{static_cast<uint64_t>(bucket), number, field, chunk.times[i]}] = chunk.ints[i];
          }
        }
      }
    }
    expected_.compare(found, keep);
  }

  // It goes on, and keeps that too.
  void must_go_on() {
    bool has_first = engine_->statistics(kFirst).ok();
    if (!has_first) REQUIRE(engine_->create_bucket(kFirst, {0, kGroup}).ok());
    REQUIRE(write(kFirst, 1, 500, 3));
    REQUIRE(engine_->seal_all().ok());
    clock_.advance_ms(10'000);
    REQUIRE(engine_->maintain().ok());
    REQUIRE(write(kFirst, 1, 501, 1));
  }

 private:
  void create(BucketId bucket) { (void)engine_->create_bucket(bucket, {0, kGroup}); }

  // `count` rows from `time` on, 5 ns apart.
  bool write(BucketId bucket, int series, int64_t time, int count) {
    BatchBuilder points;
    std::vector<std::pair<Expected::Cell, int64_t>> cells;
    for (int i = 0; i < count; i++) {
      int64_t value = ++last_value_, at = time + 5 * i;
      bool has_both = value % 3 == 0;
      points.add(fmt::format("m,h={}", series),
                 has_both ? fmt::format("x={}i,y={}i", value, value) : fmt::format("x={}i", value),
                 at);
      cells.push_back({{static_cast<uint64_t>(bucket), series, 'x', at}, value});
      if (has_both) cells.push_back({{static_cast<uint64_t>(bucket), series, 'y', at}, value});
    }
    bool written = write_and_wait(*engine_, bucket, points.take()).ok();
    for (const auto& [cell, value] : cells) expected_.write(cell, value, written);
    return written;
  }

  // Both inclusive; of all series if it is -1.
  void remove(BucketId bucket, int series, int64_t start, int64_t stop) {
    PredicatePtr predicate;
    if (series >= 0) predicate = tag_equal("h", std::to_string(series));
    bool removed = engine_->remove({bucket, start, stop, predicate}).ok();
    expected_.remove(
        [&](const Expected::Cell& cell) {
          return cell.bucket == static_cast<uint64_t>(bucket) && cell.time >= start &&
                 cell.time <= stop && (series < 0 || cell.series == series);
        },
        removed);
  }

  void drop(BucketId bucket) {
    bool dropped = engine_->drop_bucket(bucket).ok();
    expected_.remove(
        [&](const Expected::Cell& cell) { return cell.bucket == static_cast<uint64_t>(bucket); },
        dropped);
  }

  // Groups come to rest: their chunks are joined, empty series forgotten.
  void maintain() {
    for (int i = 0; i < 3; i++) {
      clock_.advance_ms(10'000);
      (void)engine_->maintain();
    }
  }

  ManualClock clock_{1'700'000'000'000'000'000};
  std::shared_ptr<rocksdb::Env> env_;
  std::unique_ptr<Engine> engine_;
  Expected expected_;
  int64_t last_value_ = 0;
};

// One run in which the n-th operation fails, or every one from it on; false if none did.
bool run_with_failure(uint64_t n, bool for_ever, uint64_t torn_bytes, bool keeps_names) {
  CAPTURE(n);
  CAPTURE(for_ever);
  CAPTURE(torn_bytes);
  CAPTURE(keeps_names);
  Sweep store;
  store.files.fail_operation(n, for_ever);
  bool runs = store.open().ok() && store.live(torn_bytes, keeps_names);
  bool has_failed = store.files.has_failed();
  store.files.fail_operation(0);
  if (runs) store.compare(false);  // reads go on
  store.crash(torn_bytes, keeps_names);
  store.must_open();
  store.compare(true);
  store.must_go_on();
  store.compare(false);
  store.crash(0, !keeps_names);
  store.must_open();
  store.compare(true);
  return has_failed;
}

}  // namespace

// WEIR_SWEEP=all fails every operation in each way, WEIR_SWEEP=7 the seventh; WEIR_SEED chooses
// another part of them.
TEST_CASE(
    "whichever file operation fails, of the log or of RocksDB, nothing acknowledged is lost") {
  const char* all = std::getenv("WEIR_SWEEP");
  const char* seed_text = std::getenv("WEIR_SEED");
  uint64_t seed =
      seed_text == nullptr ? std::random_device()() : std::strtoull(seed_text, nullptr, 10);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  if (all != nullptr) {
    const uint64_t only = std::strtoull(all, nullptr, 10);
    for (int way = 0; way < 8; way++) {
      uint64_t n = std::max<uint64_t>(only, 1);
      while (
          run_with_failure(n, way % 2 == 0, way / 2 % 2 == 0 ? 0 : random() % 3000, way / 4 == 0) &&
          only == 0) {
        n++;
      }
      MESSAGE("way ", way, ": up to operation ", n);
    }
    return;
  }
  constexpr uint64_t kStride = 24;  // what an instrumented build does in some seconds
  uint64_t n = 1 + random() % kStride;
  while (run_with_failure(n, random() % 2 == 0, random() % 2 == 0 ? 0 : random() % 3000,
                          random() % 2 == 0)) {
    n += 1 + random() % (2 * kStride);
  }
}

}  // namespace weir::store
