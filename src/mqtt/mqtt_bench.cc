// What the broker spends per message beside the kernel: matching, decoding, routing.
//
// Every benchmark checks its answer. `allocations` counts calls of operator new per item.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <random>
#include <set>

#include "base/assert.h"
#include "base/log.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/fake_net.h"
#include "mqtt/match_cache.h"
#include "mqtt/packet.h"
#include "mqtt/topic.h"

namespace {
std::atomic<uint64_t> allocations = 0;
}  // namespace

// Not inlined: the compiler would take the pair of these for a mismatch.
[[gnu::noinline]] void* operator new(size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace weir::mqtt {
namespace {

void count_items(benchmark::State& state, uint64_t items, uint64_t allocations_before) {
  state.SetItemsProcessed(static_cast<int64_t>(items));
  state.counters["allocations"] =
      static_cast<double>(allocations.load() - allocations_before) / static_cast<double>(items);
}

std::vector<std::shared_ptr<Receiver>> make_receivers(size_t count) {
  std::vector<std::shared_ptr<Receiver>> receivers;
  for (size_t i = 0; i < count; i++) {
    receivers.push_back(std::make_shared<Receiver>("client-" + std::to_string(i), 0));
  }
  return receivers;
}

// Devices listen for commands of their own, dashboards and services to many of their sites.
std::vector<std::string> realistic_filters(size_t count) {
  std::mt19937 random(1);
  std::vector<std::string> filters;
  for (size_t i = 0; filters.size() < count; i++) {
    std::string site = "site-" + std::to_string(random() % 100), id = std::to_string(i);
    switch (i % 10) {
      case 0:
        filters.push_back("plant/" + site + "/+/device-" + id + "/status");
        break;
      case 1:
        filters.push_back("plant/+/line-" + std::to_string(random() % 20) + "/device-" + id + "/#");
        break;
      case 2:
        filters.push_back("+/" + site + "/+/device-" + id + "/temperature");
        break;
      default:
        filters.push_back("device/device-" + id + "/command/" + (i % 2 == 0 ? "+" : "set"));
    }
  }
  for (int i = 0; i < 10; i++) filters.push_back("plant/site-" + std::to_string(i) + "/#");
  filters.push_back("#");
  filters.push_back("+/+/+/+/temperature");
  filters.push_back("$share/store/plant/#");
  return filters;
}

std::vector<std::string> realistic_topics(size_t count) {
  std::mt19937 random(2);
  std::vector<std::string> topics;
  for (size_t i = 0; i < count; i++) {
    std::string id = std::to_string(random() % 50'000);
    if (i % 4 == 0) {
      topics.push_back("device/device-" + id + "/command/set");
    } else {
      topics.push_back("plant/site-" + std::to_string(random() % 100) + "/line-" +
                       std::to_string(random() % 20) + "/device-" + id + "/temperature");
    }
  }
  return topics;
}

size_t count_by_trial(const std::vector<std::string>& filters, std::string_view topic) {
  size_t count = 0;
  for (const std::string& filter : filters) count += topic_matches(plain_filter(filter), topic);
  return count;
}

size_t count_matched(const Match& match) { return match.targets.size() + match.groups.size(); }

void match_realistic(benchmark::State& state) {
  std::vector<std::string> filters = realistic_filters(static_cast<size_t>(state.range(0)));
  auto receivers = make_receivers(filters.size());
  TopicTree tree;
  for (size_t i = 0; i < filters.size(); i++) tree.subscribe(filters[i], receivers[i], {});
  std::vector<std::string> topics = realistic_topics(1000);
  for (size_t i = 0; i < 50; i++) {
    WEIR_ASSERT(count_matched(*tree.match(topics[i])) == count_by_trial(filters, topics[i]),
                "the tree finds what trying every filter finds");
  }
  uint64_t before = allocations;
  size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(tree.match(topics[next++ % topics.size()]));
  count_items(state, state.iterations(), before);
}
BENCHMARK(match_realistic)->Arg(1000)->Arg(50'000)->Arg(200'000);

// Every mixture of names and "+" over 12 levels, all of them alive until the last of 200 levels.
void match_adversarial(benchmark::State& state) {
  std::vector<std::string> filters;
  std::string rest;
  for (int i = 12; i < 199; i++) rest += "/+";
  for (unsigned mix = 0; mix < 4096; mix++) {
    std::string filter;
    for (unsigned level = 0; level < 12; level++) {
      filter += (level == 0 ? "" : "/") + std::string((mix >> level & 1) != 0 ? "+" : "a");
    }
    filters.push_back(filter + rest + "/end");
    if (mix % 64 == 0) filters.push_back(filter + "/#");
  }
  auto receivers = make_receivers(filters.size());
  TopicTree tree;
  for (size_t i = 0; i < filters.size(); i++) tree.subscribe(filters[i], receivers[i], {});
  std::string topic = "a";
  for (int i = 1; i < 200; i++) topic += "/a";
  WEIR_ASSERT(count_matched(*tree.match(topic)) == count_by_trial(filters, topic), "as by trial");
  uint64_t before = allocations;
  for (auto _ : state) benchmark::DoNotOptimize(tree.match(topic));
  count_items(state, state.iterations(), before);
}
BENCHMARK(match_adversarial)->Unit(benchmark::kMicrosecond);

// Publishing on 1,000 topics while clients come and go: one subscription changes for so many
// messages. `matched` says how many of the look-ups went to the tree.
void publish_during_churn(benchmark::State& state) {
  std::vector<std::string> filters = realistic_filters(50'000);
  auto receivers = make_receivers(filters.size());
  TopicTree tree;
  for (size_t i = 0; i < filters.size(); i++) tree.subscribe(filters[i], receivers[i], {});
  std::vector<std::string> topics = realistic_topics(1000);
  MatchCache cache(tree);
  auto messages_per_change = static_cast<size_t>(state.range(0));
  size_t next = 0, found = 0;
  for (const std::string& topic : topics) found += count_matched(*cache.find(topic));
  WEIR_ASSERT(found > topics.size(), "every topic has receivers");
  size_t misses = cache.misses();
  uint64_t before = allocations;
  for (auto _ : state) {
    if (next % messages_per_change == 0) {
      size_t who = next / messages_per_change % 50'000;
      if (who % 10 >= 3) {  // a device
        tree.unsubscribe(filters[who], *receivers[who]);
        tree.subscribe(filters[who], receivers[who], {});
      }
    }
    benchmark::DoNotOptimize(cache.find(topics[next++ % topics.size()]).get());
  }
  count_items(state, state.iterations(), before);
  state.counters["matched"] =
      static_cast<double>(cache.misses() - misses) / static_cast<double>(state.iterations());
}
BENCHMARK(publish_during_churn)->Arg(1)->Arg(10)->Arg(1000);

void subscribe_and_leave(benchmark::State& state) {
  std::vector<std::string> filters = realistic_filters(50'000);
  auto receivers = make_receivers(filters.size());
  TopicTree tree;
  for (size_t i = 0; i < filters.size(); i++) tree.subscribe(filters[i], receivers[i], {});
  uint64_t before = allocations;
  size_t next = 0;
  for (auto _ : state) {
    size_t who = next++ % filters.size();
    WEIR_ASSERT(tree.unsubscribe(filters[who], *receivers[who]), "it was there");
    tree.subscribe(filters[who], receivers[who], {});
  }
  count_items(state, state.iterations(), before);
}
BENCHMARK(subscribe_and_leave);

std::string publish_packet(std::string_view topic, uint8_t qos, Version version) {
  Publish packet;
  packet.topic = topic;
  packet.payload = "21.5";
  packet.qos = qos;
  packet.packet_id = 1;
  std::string bytes;
  encode_publish(packet, version, bytes);
  return bytes;
}

void decode_publish_packets(benchmark::State& state) {
  auto version = static_cast<Version>(state.range(0));
  std::string bytes;
  for (int i = 0; i < 1000; i++) {
    bytes += publish_packet("plant/site-1/line-7/device-" + std::to_string(i), 0, version);
  }
  uint64_t before = allocations, decoded = 0;
  for (auto _ : state) {
    std::string_view rest = bytes;
    Frame frame;
    while (cut_frame(rest, 1 << 20, frame) == Cut::complete) {
      Publish packet;
      WEIR_ASSERT(!decode_publish(frame, version, packet) && packet.payload == "21.5", "as sent");
      rest.remove_prefix(frame.size_bytes);
      decoded++;
    }
  }
  WEIR_ASSERT(decoded == 1000 * static_cast<uint64_t>(state.iterations()), "every packet");
  count_items(state, decoded, before);
}
BENCHMARK(decode_publish_packets)->Arg(4)->Arg(5);

// Bytes of one publisher in, bytes for its subscribers out: the whole way through one broker
// thread, with streams that only keep what is written.
struct Bench {
  Bench() : loops(1), hub(std::make_shared<Hub>(loops.clock, options, sinks())) {
    log::set_level(log::Level::warn);
    hub->add_threads(loops.all());
  }
  ~Bench() {
    hub->stopping = true;
    hub->threads[0]->close_all();
    loops.run();
  }
  FakePeer& connect(const std::string& id, const std::string& filter, uint8_t qos) {
    FakePeer& peer = *peers.emplace_back(std::make_unique<FakePeer>(*loops.threads[0]));
    hub->threads[0]->adopt(peer.make_stream(), policy);
    Connect packet;
    packet.version = Version::v311;
    packet.client_id = id;
    std::string bytes;
    encode_connect(packet, bytes);
    if (!filter.empty()) {
      Subscribe wish;
      wish.packet_id = 1;
      wish.entries.push_back({filter, {.qos = qos}});
      encode_subscribe(wish, Version::v311, bytes);
    }
    peer.send(bytes);
    loops.run();
    return peer;
  }
  static std::vector<PublishSink*> sinks() { return {}; }

  FakeLoops loops;
  BrokerOptions options;
  std::shared_ptr<Hub> hub;
  ListenerPolicyPtr policy = std::make_shared<ListenerPolicy>();
  std::vector<std::unique_ptr<FakePeer>> peers;
};

void route_to_subscribers(benchmark::State& state) {
  Bench bench;
  auto subscribers = static_cast<size_t>(state.range(0));
  auto qos = static_cast<uint8_t>(state.range(1));
  for (size_t i = 0; i < subscribers; i++) {
    bench.connect("subscriber-" + std::to_string(i), "plant/#", qos);
  }
  FakePeer& publisher = bench.connect("publisher", "", 0);
  for (auto& peer : bench.peers) peer->received().clear();
  constexpr size_t kBatch = 100;
  std::string bytes, acknowledgements;
  size_t packet_bytes = 0;
  for (size_t i = 0; i < kBatch; i++) {
    Publish packet;
    std::string topic = "plant/site-1/line-7/device-" + std::to_string(i % 10);
    packet.topic = topic;
    packet.payload = "21.5";
    packet.qos = qos;
    packet.packet_id = static_cast<uint16_t>(i + 1);
    encode_publish(packet, Version::v311, bytes);
    packet_bytes = bytes.size() / (i + 1);
  }
  uint64_t before = allocations, delivered = 0;
  uint16_t last_id = 0;
  for (auto _ : state) {
    publisher.send(bytes);
    bench.loops.run();
    acknowledgements.clear();
    for (size_t i = 0; qos > 0 && i < kBatch; i++) {
      last_id = static_cast<uint16_t>(last_id % 65535 + 1);
      encode_ack(PacketType::puback, last_id, Reason::success, Version::v311, acknowledgements);
    }
    for (size_t i = 0; i < subscribers; i++) {
      delivered += bench.peers[i]->received().size() / packet_bytes;
      bench.peers[i]->received().clear();
      if (qos > 0) bench.peers[i]->send(acknowledgements);
    }
    publisher.received().clear();
  }
  WEIR_ASSERT(delivered == kBatch * subscribers * static_cast<uint64_t>(state.iterations()),
              "every message to every subscriber");
  count_items(state, kBatch * static_cast<uint64_t>(state.iterations()), before);
}
BENCHMARK(route_to_subscribers)
    ->ArgNames({"subscribers", "qos"})
    ->Args({1, 0})
    ->Args({50, 0})
    ->Args({1, 1})
    ->Args({50, 1});

}  // namespace
}  // namespace weir::mqtt
