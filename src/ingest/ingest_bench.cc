// Nanoseconds from a published message to a point in a batch, and through the whole pipeline.
//
// mapping_* measure map_message() on a known topic; pipeline_* accept reads of 64 messages and give
// them to a store that forgets them, which is what the broker's thread pays.
#include <benchmark/benchmark.h>

#include "base/assert.h"
#include "ingest/message_mapper.h"
#include "ingest/pipeline.h"

namespace weir::ingest {
namespace {

constexpr int64_t kNow = 1'700'000'000'000'000'000;
constexpr size_t kBatchMessages = 64;  // what one read of a busy publisher holds

constexpr std::string_view kRules = R"(
  [[map]]
  topic = "home/{room}/{_field}"
  [[map]]
  topic = "zigbee2mqtt/{device}"
  drop  = ["update.*", "linkquality"]
  time  = "last_seen"
)";
constexpr std::string_view kZigbee =
    R"({"battery":100,"humidity":41.5,"linkquality":69,"temperature":25.47,"voltage":3055})";

class ForgetfulStore final : public store::Store {
 public:
  void write(BucketId, model::PointBatch batch, store::WriteDone done) override {
    points += batch.points.size();
    done(store::WriteOutcome{});
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
  size_t points = 0;
};

void map_bench(benchmark::State& state, std::string_view topic, std::string_view payload,
               size_t fields) {
  const auto mapping = map_topic(RuleSet::parse(kRules).value(), topic);
  const MessageView message{topic, payload, kNow};
  for (auto _ : state) {
    model::PointBatch batch;
    for (size_t i = 0; i < kBatchMessages; i++) (void)map_message(*mapping, message, batch);
    WEIR_ASSERT(batch.fields.size() == kBatchMessages * fields, "every message is mapped");
    benchmark::DoNotOptimize(batch.points.data());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kBatchMessages));
}

void pipeline_bench(benchmark::State& state, std::string_view topic, std::string_view payload,
                    size_t messages_per_read) {
  ForgetfulStore store;
  SystemClock clock;
  const auto pipeline = Pipeline::make(store, clock, RuleSet::parse(kRules).value(),
                                       [](std::string_view) { return BucketId{1}; });
  std::vector<mqtt::MessagePtr> messages;
  for (size_t i = 0; i < 1000; i++) {
    auto message = std::make_shared<mqtt::Message>();
    message->topic = std::string(topic) + std::to_string(i) + "/value";
    message->payload = payload;
    message->received_ns = kNow;
    messages.push_back(std::move(message));
  }
  size_t at = 0, accepted = 0;
  for (auto _ : state) {
    if (at + messages_per_read > messages.size()) at = 0;
    pipeline->accept(std::span(messages).subspan(at, messages_per_read), [](Result<void>) {});
    at += messages_per_read;
    accepted += messages_per_read;
  }
  WEIR_ASSERT(store.points == accepted, "every message became a point");
  state.SetItemsProcessed(static_cast<int64_t>(accepted));
}

void mapping_number_by_rule(benchmark::State& state) { map_bench(state, "home/k/t", "21.5", 1); }
BENCHMARK(mapping_number_by_rule);
void mapping_number_automatic(benchmark::State& state) { map_bench(state, "a/b/t", "21.5", 1); }
BENCHMARK(mapping_number_automatic);
void mapping_json_4_fields(benchmark::State& state) {
  map_bench(state, "zigbee2mqtt/d", kZigbee, 4);
}
BENCHMARK(mapping_json_4_fields);
void pipeline_number_64_a_read(benchmark::State& state) {
  pipeline_bench(state, "home/room", "21.5", kBatchMessages);
}
BENCHMARK(pipeline_number_64_a_read);
void pipeline_number_1_a_read(benchmark::State& state) {
  pipeline_bench(state, "home/room", "21.5", 1);
}
BENCHMARK(pipeline_number_1_a_read);
void pipeline_automatic_json(benchmark::State& state) {
  pipeline_bench(state, "site/room", kZigbee, kBatchMessages);
}
BENCHMARK(pipeline_automatic_json);

}  // namespace
}  // namespace weir::ingest
