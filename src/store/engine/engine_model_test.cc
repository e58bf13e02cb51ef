// The engine compared with the memory store, operation by random operation.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cstdlib>
#include <random>

#include "base/log.h"
#include "store/engine/engine.h"
#include "store/memory/memory_store.h"
#include "store/testing.h"

namespace weir::store {
namespace {

using testing::scan_lines;

constexpr BucketId kBucket{7};
constexpr int64_t kGroup = 1000;  // a shard group; times in the test are 0..5000

// Values are multiples of 1/4, so that sums do not depend on their order.
class Model {
 public:
  explicit Model(uint64_t seed)
      : random_(seed), deletes_wait_(seed % 2 == 0), oracle_(make_memory_store(clock_)) {
    open();
    for (Store* store : {oracle_.get(), static_cast<Store*>(engine_.get())}) {
      REQUIRE(store->create_bucket(kBucket, {0, kGroup}).ok());
    }
  }

  void step() {
    if (pick(60) == 0) return start_over();
    switch (pick(22)) {
      case 20:
      case 21:
        return compare_newest();
      case 0:
        return remove();
      case 1:
        REQUIRE(engine_->seal_all().ok());
        return;
      case 2:
        if (pick(2) == 0) clock_.advance_ms(10'000);  // groups come to rest, chunks are joined
        REQUIRE(engine_->maintain().ok());
        return;
      case 3:
        if (pick(2) == 0) REQUIRE(engine_->close().ok());
        return open();
      case 4:
      case 5:
      case 6:
        return compare_scan();
      case 7:
        return compare_schema();
      case 8:
        return write(3000);
      default:
        return write(20);
    }
  }

  void compare_all() {
    carry_out_deletes();
    compare_newest();
    ScanSpec spec;
    spec.bucket = kBucket;
    compare(spec);
    CHECK(engine_->statistics(kBucket)->series == oracle_->statistics(kBucket)->series);
  }

 private:
  uint64_t pick(uint64_t below) { return random_() % below; }

  void open() {
    engine_.reset();
    EngineOptions options;
    options.directory = directory_.path();
    options.background = false;
    options.log_segment_bytes = 64 * 1024;
    options.log_bytes_max = 256 * 1024;
    options.replay_rows_max = 5000;
    options.delete_wait = std::chrono::hours(deletes_wait_ ? 0 : 1);
    auto opened = Engine::open(options, system_file_system(), clock_);
    if (!opened.ok()) FAIL(opened.error().message);
    engine_ = std::move(*opened);
    // Deletes that are still in the log wait for the background, as if they were new.
    if (!deletes_wait_) REQUIRE(engine_->maintain().ok());
  }

  // The bucket is dropped, and another takes its name.
  void start_over() {
    REQUIRE(oracle_->drop_bucket(kBucket).ok());
    REQUIRE(oracle_->create_bucket(kBucket, {0, kGroup}).ok());
    REQUIRE(engine_->drop_bucket(kBucket).ok());
    if (pick(2) == 0) open();
    REQUIRE(engine_->create_bucket(kBucket, {0, kGroup}).ok());
    time_ = 0;
  }

  int64_t random_time() {
    if (pick(3) != 0) return time_ = std::min<int64_t>(time_ + int64_t(pick(4)), 5000);
    return static_cast<int64_t>(pick(5000));
  }

  std::string random_series() {
    static const char* const kKeys[] = {"m",     "m,h=a",     "m,h=b,r=1",   "m,r=1,h=b",
                                        "n,h=a", "n,h=c,r=2", "o\\ o,x=\\,", "m,h=a,z=9"};
    // Enough of them that a scan of all goes by threads.
    if (pick(8) == 0) return fmt::format("p,d={}", pick(40));
    return kKeys[pick(std::size(kKeys))];
  }

  std::string random_fields() {
    std::string text;
    auto quarter = [&] { return static_cast<double>(int64_t(pick(4000)) - 2000) / 4; };
    auto add = [&](std::string field) { text += (text.empty() ? "" : ",") + field; };
    if (pick(3) != 0) add(fmt::format("x={}", quarter()));
    if (pick(3) == 0) add(fmt::format("y={}", quarter()));
    if (pick(3) == 0) add(fmt::format("i={}i", int64_t(pick(100)) - 50));
    if (pick(6) == 0) add(fmt::format("u={}u", pick(100)));
    if (pick(6) == 0) add(fmt::format("b={}", pick(2) == 0 ? "true" : "false"));
    if (pick(6) == 0) add(fmt::format("s=\"text{}\"", pick(30)));
    if (pick(40) == 0) add("x=1i");  // often a conflict
    if (pick(60) == 0) add("time=1");
    if (pick(50) == 0) add(fmt::format("w{}={}", pick(40), quarter()));  // over one column group
    return text.empty() ? "x=1" : text;
  }

  // Names and types of what a delete took go when its chunks are rewritten.
  void carry_out_deletes() {
    if (deletes_wait_) REQUIRE(engine_->maintain().ok());
  }

  void write(size_t points_max) {
    carry_out_deletes();
    testing::BatchBuilder left, right;
    for (uint64_t i = 0, count = 1 + pick(points_max); i < count; i++) {
      std::string key = random_series(), fields = random_fields();
      int64_t time = random_time();
      left.add(key, fields, time);
      right.add(key, fields, time);
    }
    auto expected = write_and_wait(*oracle_, kBucket, left.take());
    auto got = write_and_wait(*engine_, kBucket, right.take());
    REQUIRE(expected.ok());
    REQUIRE(got.ok());
    CHECK(got->dropped_points == expected->dropped_points);
    CHECK(got->partial == expected->partial);
  }

  PredicatePtr random_predicate(bool with_values, int depth = 0) {
    switch (pick(depth > 2 ? 8 : 11)) {
      case 0:
        return tag_equal("h", std::string(1, static_cast<char>('a' + pick(4))));
      case 1:
        return tag_equal("_measurement", pick(2) == 0 ? "m" : "n");
      case 2:
        return tag_equal("_field", pick(2) == 0 ? "x" : "i");
      case 3:
        return tag_not_equal("h", pick(2) == 0 ? "a" : "");
      case 4:
        return *tag_matches(pick(2) == 0 ? "h" : "_field", "[a-m]");
      case 5:
        return *tag_not_matches("r", "^[1]?$");
      case 6:
        return tag_exists(pick(2) == 0 ? "r" : "z");
      case 7:
        if (!with_values) return tag_equal("r", "");
        return value_compare(Predicate::Kind::value_greater, pick(2) == 0
                                                                 ? model::FieldValue::of_float(10)
                                                                 : model::FieldValue::of_int(3));
      case 8:
        return negation(random_predicate(with_values, depth + 1));
      case 9:
        return all_of(
            {random_predicate(with_values, depth + 1), random_predicate(with_values, depth + 1)});
      default:
        return any_of(
            {random_predicate(with_values, depth + 1), random_predicate(with_values, depth + 1)});
    }
  }

  void remove() {
    DeleteSpec spec{kBucket, int64_t(pick(5000)), 0, nullptr};
    spec.stop_ns = spec.start_ns + int64_t(pick(pick(2) == 0 ? 10 : 3000));
    if (pick(8) == 0) spec.start_ns = kTimeMin, spec.stop_ns = kTimeMax;
    if (pick(8) != 0) spec.predicate = random_predicate(false);
    REQUIRE(oracle_->remove(spec).ok());
    Result<void> removed = engine_->remove(spec);
    if (!removed.ok()) FAIL(removed.error().message);
  }

  void compare_scan() {
    ScanSpec spec;
    spec.bucket = kBucket;
    if (pick(4) != 0) {
      spec.start_ns = int64_t(pick(5000));
      spec.stop_ns = spec.start_ns + int64_t(pick(5000));
    }
    if (pick(2) == 0) spec.predicate = random_predicate(true);
    spec.aggregate = static_cast<Aggregate>(pick(8));
    bool needs_numbers = spec.aggregate == Aggregate::sum || spec.aggregate == Aggregate::mean ||
                         spec.aggregate == Aggregate::min || spec.aggregate == Aggregate::max;
    if (needs_numbers) {  // else the text and boolean fields end every scan
      PredicatePtr numbers = *tag_matches("_field", "^[xyiuw]");
      spec.predicate = spec.predicate ? all_of({numbers, spec.predicate}) : numbers;
    }
    if (spec.aggregate != Aggregate::none && pick(3) != 0) {
      spec.window_every_ns = int64_t(1 + pick(pick(2) == 0 ? 10 : 3000));
      spec.window_offset_ns = int64_t(pick(20)) - 10;
    }
    spec.as_parts = spec.aggregate != Aggregate::none && pick(3) == 0;
    if (spec.aggregate == Aggregate::none && pick(3) == 0) spec.rows_per_series_max = 1 + pick(5);
    compare(spec);
  }

  // Twice: the first scan may read chunks, and what it learns of them is what the second one uses.
  void compare_newest() {
    ScanSpec spec;
    spec.bucket = kBucket;
    spec.aggregate = Aggregate::last;
    if (pick(3) == 0) spec.start_ns = int64_t(pick(5000));
    if (pick(4) == 0) spec.stop_ns = spec.start_ns > 0 ? spec.start_ns + 1000 : 4000;
    if (pick(3) == 0) spec.predicate = random_predicate(false);
    compare(spec);
    if (pick(2) == 0) spec.stop_ns = kTimeMax;
    compare(spec);
  }

  void compare(const ScanSpec& spec) {
    std::vector<std::string> expected = scan_lines(*oracle_, spec);
    std::vector<std::string> got = scan_lines(*engine_, spec);
    // The oracle finds an error before its first row, the engine when it comes to it: not at all if
    // it has given the rows asked for before.
    if (!expected.empty() && expected.back().starts_with("error")) {
      REQUIRE(!got.empty());
      if (spec.rows_per_series_max) return;
      CHECK(got.back().starts_with("error"));
      return;
    }
    if (got == expected) return;
    size_t at = 0;
    while (at < got.size() && at < expected.size() && got[at] == expected[at]) at++;
    FAIL_CHECK("aggregate ", to_text(spec), ": line ", at, " of ", expected.size(), " and ",
               got.size(), ": got ", at < got.size() ? got[at] : "nothing", ", wanted ",
               at < expected.size() ? expected[at] : "nothing");
  }

  static std::string to_text(const ScanSpec& spec) {
    return fmt::format("{} every {} offset {} range {} {}", int(spec.aggregate),
                       spec.window_every_ns, spec.window_offset_ns, spec.start_ns, spec.stop_ns);
  }

  void compare_schema() {
    carry_out_deletes();
    SchemaSpec spec;
    spec.bucket = kBucket;
    spec.what = static_cast<SchemaSpec::What>(pick(4));
    static const char* const kTags[] = {"h", "r", "_field", "_measurement", "none"};
    if (spec.what == SchemaSpec::What::tag_values) spec.tag_key = kTags[pick(std::size(kTags))];
    if (pick(2) == 0) spec.start_ns = int64_t(pick(5000)), spec.stop_ns = spec.start_ns + 1000;
    if (pick(2) == 0) spec.predicate = random_predicate(true);
    CHECK(*engine_->schema(spec) == *oracle_->schema(spec));
  }

  std::mt19937_64 random_;
  bool deletes_wait_;
  ManualClock clock_{1'700'000'000'000'000'000};
  testing::TemporaryDirectory directory_;
  std::unique_ptr<Store> oracle_;
  std::unique_ptr<Engine> engine_;
  int64_t time_ = 0;
};

// WEIR_SEED repeats one run; WEIR_ROUNDS runs more of them.
uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("the engine answers as the memory store does, whatever happens to both") {
  uint64_t seed = from_environment("WEIR_SEED", std::random_device()());
  for (uint64_t round = 0; round < from_environment("WEIR_ROUNDS", 4); round++, seed++) {
    CAPTURE(seed);
    Model model(seed);
    for (int i = 0; i < 120; i++) model.step();
    model.compare_all();
  }
}

}  // namespace weir::store
