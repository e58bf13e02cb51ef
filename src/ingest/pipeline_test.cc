#include "ingest/pipeline.h"

#include <doctest/doctest.h>

#include "ingest/arrival.h"
#include "ingest/rules.h"
#include "model/field_text.h"
#include "store/memory/memory_store.h"

namespace weir::ingest {
namespace {

constexpr int64_t kNow = 1'700'000'000'000'000'000;
constexpr BucketId kHome{1}, kOther{2};

mqtt::MessagePtr message(std::string topic, std::string payload) {
  auto made = std::make_shared<mqtt::Message>();
  made->topic = std::move(topic);
  made->payload = std::move(payload);
  made->received_ns = kNow;
  return made;
}

std::optional<BucketId> resolve(std::string_view name) {
  if (name.empty()) return kHome;
  if (name == "other") return kOther;
  return std::nullopt;
}

// A pipeline onto a memory store.
struct Setup {
  explicit Setup(std::string_view toml = "") {
    REQUIRE(store->create_bucket(kHome, {}).ok());
    REQUIRE(store->create_bucket(kOther, {}).ok());
    pipeline = Pipeline::make(*store, clock, RuleSet::parse(toml).value(), resolve);
  }
  // The result that `stored` was given; it must have been called once.
  Result<void> accept(std::vector<mqtt::MessagePtr> messages) {
    std::vector<Result<void>> results;
    pipeline->accept(messages, [&](Result<void> result) { results.push_back(std::move(result)); });
    REQUIRE(results.size() == 1);
    return results[0];
  }
  // What is stored: series, field, time and value of each row.
  std::vector<std::string> lines(BucketId bucket = kHome) {
    store::ScanSpec spec;
    spec.bucket = bucket;
    const auto cursor = std::move(store->scan(spec)).value();
    std::vector<std::string> lines;
    model::ColumnChunk chunk;
    while (const store::ScanSeries* series = cursor->next_series().value()) {
      while (chunk.clear(), cursor->next_chunk(chunk).value()) {
        for (size_t row = 0; row < chunk.rows(); row++) {
          std::string line = series->key.canonical() + " " + series->field + " " +
                             std::to_string(chunk.times[row]) + " ";
          model::append_value(line, chunk.value(row));
          lines.push_back(std::move(line));
        }
      }
    }
    return lines;
  }

  ManualClock clock{kNow};
  std::unique_ptr<store::Store> store = store::make_memory_store(clock);
  std::unique_ptr<Pipeline> pipeline;
};

// Holds every write until release().
class SlowStore final : public store::Store {
 public:
  void write(BucketId, model::PointBatch batch, store::WriteDone done) override {
    points += batch.points.size();
    waiting.push_back(std::move(done));
  }
  void release(const Result<store::WriteOutcome>& outcome) {
    for (auto& done : std::exchange(waiting, {})) done(outcome);
  }
  Result<void> create_bucket(BucketId, const store::BucketOptions&) override { return {}; }
  Result<void> update_bucket(BucketId, const store::BucketOptions&) override { return {}; }
  Result<void> drop_bucket(BucketId) override { return {}; }
  Result<std::unique_ptr<store::ScanCursor>> scan(const store::ScanSpec&) override {
    return Error{Errc::not_implemented, ""};
  }
  Result<void> remove(const store::DeleteSpec&) override { return {}; }
  Result<std::vector<std::string>> schema(const store::SchemaSpec&) override {
    return std::vector<std::string>();
  }
  Result<store::BucketStatistics> statistics(BucketId) override {
    return store::BucketStatistics{};
  }
  Result<store::Cardinality> cardinality(BucketId, size_t) override { return store::Cardinality{}; }

  bool congested() const override { return is_congested; }

  size_t points = 0;
  bool is_congested = false;
  std::vector<store::WriteDone> waiting;
};

}  // namespace

TEST_CASE("messages of one read become points, bad ones dead letters, and both are counted") {
  Setup setup;
  CHECK(setup
            .accept({message("temperature", "17"), message("home/k", R"({"t":21.5})"),
                     message("home/k", "{broken"), message("home/k/set", "1")})
            .ok());
  CHECK(setup.lines() == std::vector<std::string>{
                             "home,topic=home/k t 1700000000000000000 21.5",
                             "temperature,topic=temperature temperature 1700000000000000000 17"});
  const auto letters = setup.pipeline->dead_letters(10);
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].topic == "home/k");
  CHECK(letters[0].payload_head == "{broken");
  CHECK(letters[0].rule == "auto");
  CHECK(letters[0].reason.starts_with("the payload is not JSON"));
  CHECK(letters[0].received_ns == kNow);
  const auto counts = setup.pipeline->counts();
  CHECK(counts.messages_mapped == 2);
  CHECK(counts.points_written == 2);
  CHECK(counts.dead_letters == 1);
}

TEST_CASE("messages that arrive on one topic in the same millisecond are all kept, in order") {
  Setup setup;
  CHECK(setup.accept({message("t", "1"), message("t", "2"), message("u", "3")}).ok());
  CHECK(setup.accept({message("t", "4")}).ok());
  CHECK(setup.lines() == std::vector<std::string>{"t,topic=t t 1700000000000000000 1",
                                                  "t,topic=t t 1700000000000001000 2",
                                                  "t,topic=t t 1700000000000002000 4",
                                                  "u,topic=u u 1700000000000000000 3"});
}

TEST_CASE("arrivals ascend, follow the clock, and believe one that was set back") {
  ArrivalSequence arrivals;
  CHECK(arrivals.next_ns(5'000'000'999'999) == 5'000'000'000'000);
  CHECK(arrivals.next_ns(5'000'000'999'999) == 5'000'000'001'000);
  CHECK(arrivals.next_ns(4'999'999'999'999) == 5'000'000'002'000);
  CHECK(arrivals.next_ns(5'000'001'000'000) == 5'000'001'000'000);
  CHECK(arrivals.next_ns(1'000'000'000) == 1'000'000'000);
  CHECK(arrivals.next_ns(1'000'000'000) == 1'000'001'000);
}

TEST_CASE("each bucket gets one write, and an unknown one is a dead letter") {
  Setup setup(R"(
    [[map]]
    topic = "a/{_field}"
    bucket = "other"
    [[map]]
    topic = "b/{site}/{_field}"
    bucket = "{site}"
  )");
  CHECK(setup
            .accept({message("a/x", "1"), message("c", "2"), message("b/other/y", "3"),
                     message("b/nowhere/y", "4")})
            .ok());
  CHECK(setup.lines() == std::vector<std::string>{"c,topic=c c 1700000000000000000 2"});
  CHECK(setup.lines(kOther) == std::vector<std::string>{"a x 1700000000000000000 1",
                                                        "b,site=other y 1700000000000000000 3"});
  REQUIRE(setup.pipeline->dead_letters(10).size() == 1);
  CHECK(setup.pipeline->dead_letters(10)[0].reason == "bucket \"nowhere\" not found");
  CHECK(setup.pipeline->dead_letters(10)[0].rule == "rule 2 (b/{site}/{_field})");
}

TEST_CASE("a field whose stored type differs is a dead letter and the others are stored") {
  Setup setup;
  CHECK(setup.accept({message("door/front", "OPEN")}).ok());
  CHECK(setup
            .accept({message("door/back", "SHUT"), message("door/front", "1"),
                     message("window/left", "1")})
            .ok());
  CHECK(setup.lines().size() == 3);
  const auto letters = setup.pipeline->dead_letters(10);
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].topic == "door/front");
  CHECK(letters[0].payload_head == "1");
  CHECK(letters[0].reason.starts_with("partial write: field type conflict: input field \"front\""));
  CHECK(setup.pipeline->counts().points_written == 3);
}

TEST_CASE("new rules hold from the next message on") {
  Setup setup;
  CHECK(setup.accept({message("t", "1")}).ok());
  setup.pipeline->set_rules(
      RuleSet::parse("[[map]]\ntopic = \"t\"\nmeasurement = \"renamed\"\n").value());
  CHECK(setup.accept({message("t", "2")}).ok());
  CHECK(setup.lines() == std::vector<std::string>{"renamed t 1700000000000000000 2",
                                                  "t,topic=t t 1700000000000000000 1"});
  CHECK(setup.pipeline->rules()->rules().size() == 1);
}

TEST_CASE("automatic mapping stops at its series limit and goes on with known series") {
  Setup setup("[auto]\nmax_series = 2\n");
  for (const char* topic : {"a", "b", "c", "a"}) CHECK(setup.accept({message(topic, "1")}).ok());
  CHECK(setup.lines().size() == 3);
  REQUIRE(setup.pipeline->dead_letters(10).size() == 1);
  CHECK(setup.pipeline->dead_letters(10)[0].topic == "c");
}

TEST_CASE("the ring keeps the newest dead letters and cuts long payloads") {
  Setup setup;
  for (size_t i = 0; i < kDeadLettersMax + 5; i++) {
    CHECK(setup.accept({message("t" + std::to_string(i), "{" + std::string(5000, 'x'))}).ok());
  }
  const auto letters = setup.pipeline->dead_letters(kDeadLettersMax * 2);
  REQUIRE(letters.size() == kDeadLettersMax);
  CHECK(letters.front().topic == "t" + std::to_string(kDeadLettersMax + 4));
  CHECK(letters.back().topic == "t5");
  CHECK(letters.front().payload_head.size() == kDeadLetterPayloadBytesMax);
}

TEST_CASE("messages of series that the bucket does not take are dead letters, each of them") {
  ManualClock clock{kNow};
  SlowStore store;
  auto pipeline = Pipeline::make(store, clock, RuleSet::automatic_only(), resolve);
  bool is_stored = false;
  const std::vector<mqtt::MessagePtr> messages = {message("a", "1"), message("b", "2"),
                                                  message("c", "3"), message("b", "4")};
  pipeline->accept(messages, [&](const Result<void>& result) { is_stored = result.ok(); });
  store.release(
      store::WriteOutcome{2,
                          "partial write: max-series-per-database limit exceeded: (2) dropped=2",
                          {"b,topic=b", "b,topic=b"}});
  CHECK(is_stored);
  CHECK(pipeline->counts().points_written == 2);
  const auto letters = pipeline->dead_letters(10);
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].topic == "b");
  CHECK(letters[0].payload_head == "4");
  CHECK(letters[1].payload_head == "2");
  CHECK(letters[0].reason.find("store.max_series_per_bucket") != std::string::npos);
}

TEST_CASE("stored waits for the store, congestion for the bound, and a failure refuses") {
  ManualClock clock{kNow};
  SlowStore store;
  auto pipeline = Pipeline::make(store, clock, RuleSet::automatic_only(), resolve);
  std::vector<Result<void>> results;
  auto stored = [&](Result<void> result) { results.push_back(std::move(result)); };
  const std::vector<mqtt::MessagePtr> one = {message("t", "1")};
  pipeline->accept(one, stored);
  CHECK(results.empty());
  store.release(store::WriteOutcome{});
  REQUIRE(results.size() == 1);
  CHECK(results[0].ok());

  const std::vector<mqtt::MessagePtr> many(kOutstandingPointsMax / 4, one[0]);
  for (int i = 0; i < 4; i++) pipeline->accept(many, stored);
  CHECK_FALSE(pipeline->congested());
  pipeline->accept(one, stored);
  CHECK(pipeline->congested());
  store.release(store::WriteOutcome{});
  CHECK_FALSE(pipeline->congested());
  CHECK(results.size() == 6);
  store.is_congested = true;  // its memory is nearly full, whoever filled it
  CHECK(pipeline->congested());
  store.is_congested = false;
  CHECK_FALSE(pipeline->congested());

  pipeline->accept(one, stored);
  store.release(Error{Errc::unavailable, "disk full"});
  REQUIRE(results.size() == 7);
  CHECK(results[6].error().message == "disk full");

  pipeline->accept(one, stored);
  pipeline.reset();  // a write under way completes without its pipeline
  store.release(store::WriteOutcome{});
  CHECK(results.size() == 8);
}

TEST_CASE("messages that store nothing complete at once") {
  Setup setup("[auto]\nmode = \"off\"\n");
  CHECK(setup.accept({message("t", "1")}).ok());
  CHECK(setup.accept({}).ok());
  CHECK(setup.lines().empty());
  CHECK(setup.pipeline->counts().dead_letters == 0);
}

}  // namespace weir::ingest
