// A broker with its journal on three io threads among clients that do everything at random:
// connect, take sessions over, subscribe, share, publish with every QoS, retain, leave wills,
// stall, break off. Meant for ThreadSanitizer: `./dev soak [seconds]`. Meanwhile one pair of
// clients exchanges numbered QoS 2 messages over connections that keep breaking: each must arrive
// exactly once, in order.
//   mqtt_soak SECONDS [SEED]
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/sync.h"
#include "mqtt/broker.h"
#include "test/soak/client.h"

namespace weir::soak {
namespace {

using namespace mqtt;
using std::chrono::steady_clock;

constexpr int kThreads = 3, kClients = 10;

struct Totals {
  std::atomic<uint64_t> connects = 0, published = 0, received = 0, acknowledged = 0, exact = 0;
  std::atomic<bool> receiver_is_ready = false;
};

// Stores a moment later on a thread of its own, and is now and then congested.
class SlowSink final : public PublishSink {
 public:
  SlowSink() : thread_([this] { run(); }) {}
  ~SlowSink() override {
    state_.lock()->stopping = true;
    changed_.notify_all();
    thread_.join();
  }
  void accept(std::span<const MessagePtr> messages, Stored stored) override {
    (void)messages;
    state_.lock()->waiting.push_back(std::move(stored));
    changed_.notify_all();
  }
  bool congested() const override { return congested_; }

 private:
  struct State {
    std::vector<Stored> waiting;
    bool stopping = false;
  };
  void run() {
    for (unsigned round = 0;; round++) {
      std::vector<Stored> batch;
      {
        auto state = state_.lock();
        state.wait(changed_, [&] { return state->stopping || !state->waiting.empty(); });
        batch.swap(state->waiting);
        if (batch.empty()) return;
      }
      congested_ = round % 64 == 0;
      if (congested_) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      for (Stored& stored : batch) stored({});
      congested_ = false;
    }
  }
  std::atomic<bool> congested_ = false;
  Guarded<State> state_;
  std::condition_variable changed_;
  std::thread thread_;
};

// One of the crowd: life after life until the end.
class Wanderer {
 public:
  Wanderer(uint16_t port, unsigned seed, Totals& totals)
      : port_(port), random_(seed), totals_(totals) {}

  void live() {
    Link link(port_);
    link_ = &link;
    packet_id_ = 0;
    unanswered_ = 0;
    if (!connect()) return;
    subscribe();
    for (unsigned actions = chance(150); actions > 0 && link.is_open(); actions--) act();
    if (chance(2) == 0) {
      std::string bytes;
      encode_disconnect({}, version_, bytes);
      link.send(bytes);
    } else if (chance(4) == 0) {
      link.send(std::string("\xf7\xff\xff\xff\xff\xff", 6));  // no packet at all
      link.receive(1000, [](const Frame&) {});
    }
  }

 private:
  unsigned chance(unsigned below) { return static_cast<unsigned>(random_() % below); }
  std::string topic() { return "soak/" + std::to_string(chance(5)); }

  bool connect() {
    constexpr Version kVersions[] = {Version::v31, Version::v311, Version::v5, Version::v5};
    version_ = kVersions[chance(4)];
    std::string id = "soak-" + std::to_string(chance(2 * kClients)), will_topic = topic();
    Connect packet;
    packet.version = version_;
    packet.client_id = id;
    packet.clean_start = chance(2) == 0;
    packet.keep_alive_s = static_cast<uint16_t>(chance(2) == 0 ? 1 : 60);
    if (chance(3) == 0) {
      packet.will.emplace();
      packet.will->topic = will_topic;
      packet.will->payload = "gone";
      packet.will->qos = static_cast<uint8_t>(chance(3));
      packet.will->retain = chance(2) == 0;
    }
    if (version_ == Version::v5) {
      packet.properties.session_expiry_s = chance(3);
      packet.properties.mark(Property::session_expiry_interval);
      packet.properties.receive_maximum = static_cast<uint16_t>(1 + chance(30));
      packet.properties.mark(Property::receive_maximum);
    }
    std::string bytes;
    encode_connect(packet, bytes);
    if (!link_->send(bytes)) return false;
    bool connected = false;
    while (!connected && link_->is_open()) {
      link_->receive(10'000, [&](const Frame& frame) {
        if (frame.type == PacketType::connack) connected = true;
        handle(frame);
      });
    }
    totals_.connects += connected ? 1 : 0;
    return connected;
  }

  void subscribe() {
    constexpr const char* kFilters[] = {
        "soak/+", "soak/#",     "soak/2",          "#",           "$SYS/#", "$share/a/soak/+",
        "+/1",    "$share/b/#", "$share/a/soak/2", "nothing/here"};
    Subscribe packet;
    packet.packet_id = next_id();
    for (unsigned n = 1 + chance(3); n > 0; n--) {
      packet.entries.push_back(
          {kFilters[chance(std::size(kFilters))], {.qos = static_cast<uint8_t>(chance(3))}});
    }
    std::string bytes;
    encode_subscribe(packet, version_, bytes);
    link_->send(bytes);
  }

  void act() {
    switch (chance(12)) {
      case 0:
        return subscribe();
      case 1: {
        std::string bytes;
        encode_ping(PacketType::pingreq, bytes);
        link_->send(bytes);
        return;
      }
      case 2:
        std::this_thread::sleep_for(std::chrono::milliseconds(chance(20)));  // a stall
        return;
      case 3:
      case 4:
      case 5:
        link_->receive(static_cast<int>(chance(5)), [&](const Frame& frame) { handle(frame); });
        return;
      default:
        return publish();
    }
  }

  void publish() {
    std::string bytes, name = topic(), payload(chance(50) == 0 ? 5000 : 10, 'x');
    for (unsigned n = 1 + chance(5); n > 0; n--) {
      Publish packet;
      packet.topic = name;
      packet.payload = payload;
      packet.qos = static_cast<uint8_t>(unanswered_ < 15 ? chance(3) : 0);
      packet.retain = chance(10) == 0;
      if (packet.qos > 0) packet.packet_id = next_id(), unanswered_++;
      encode_publish(packet, version_, bytes);
      totals_.published++;
    }
    link_->send(bytes);
  }

  uint16_t next_id() { return packet_id_ = static_cast<uint16_t>(packet_id_ % 65535 + 1); }

  void handle(const Frame& frame) {
    std::string reply;
    auto answer = [&](PacketType type, uint16_t id) {
      encode_ack(type, id, Reason::success, version_, reply);
    };
    if (frame.type == PacketType::publish) {
      Publish packet;
      if (decode_publish(frame, version_, packet)) std::abort();
      totals_.received++;
      bool forgets = chance(10) == 0;
      if (packet.qos == 1 && !forgets) answer(PacketType::puback, packet.packet_id);
      if (packet.qos == 2 && !forgets) answer(PacketType::pubrec, packet.packet_id);
    } else if (frame.type >= PacketType::puback && frame.type <= PacketType::pubcomp) {
      Ack packet;
      if (decode_ack(frame, version_, packet)) std::abort();
      if (frame.type == PacketType::pubrel) answer(PacketType::pubcomp, packet.packet_id);
      if (frame.type == PacketType::pubrec && packet.reason < Reason::unspecified_error) {
        answer(PacketType::pubrel, packet.packet_id);
      } else if (frame.type != PacketType::pubrel) {
        totals_.acknowledged++;
        if (unanswered_ > 0) unanswered_--;
      }
    }
    link_->send(reply);
  }

  const uint16_t port_;
  std::mt19937 random_;
  Totals& totals_;
  Link* link_ = nullptr;
  Version version_ = Version::v311;
  uint16_t packet_id_ = 0;
  unsigned unanswered_ = 0;
};

// Sends 1, 2, 3 ... with QoS 2, one at a time, over connections that break in any step.
void send_exactly(uint16_t port, unsigned seed, const std::atomic<bool>& over, Totals& totals) {
  std::mt19937 random(seed);
  bool sent = false;      // the PUBLISH, once at least
  bool released = false;  // PUBREC came: from here on only PUBREL is sent
  while (!totals.receiver_is_ready) std::this_thread::yield();
  for (uint64_t number = 1; !over;) {
    Link link(port);
    std::string bytes;
    Connect hello;
    hello.client_id = "exact-sender";
    hello.clean_start = false;
    encode_connect(hello, bytes);
    link.send(bytes);
    bool again = true, connected = false;
    while (link.is_open() && !over) {
      bytes.clear();
      if (connected && again) {
        std::string payload = std::to_string(number);
        Publish packet;
        packet.topic = "exact";
        packet.payload = payload;
        packet.qos = 2;
        packet.packet_id = 1;
        packet.duplicate = std::exchange(sent, true);
        if (released) {
          encode_ack(PacketType::pubrel, 1, Reason::success, Version::v311, bytes);
        } else {
          encode_publish(packet, Version::v311, bytes);
        }
        link.send(bytes);
        again = false;
        if (random() % 10 == 0) break;
      }
      link.receive(1000, [&](const Frame& frame) {
        again = true;
        if (frame.type == PacketType::connack) connected = true;
        if (frame.type == PacketType::pubrec) released = true;
        if (frame.type == PacketType::pubcomp) {
          released = sent = false;
          number++;
          totals.exact++;
        }
      });
      if (random() % 50 == 0) break;
    }
  }
}

// Takes them, and fails if one is missing, comes twice or out of order.
void receive_exactly(uint16_t port, unsigned seed, const std::atomic<bool>& over, Totals& totals) {
  std::mt19937 random(seed);
  std::set<uint16_t> held;  // identifiers between PUBREC and PUBREL
  uint64_t last = 0;
  // What was sent before the end is awaited.
  auto is_done = [&] { return over && last >= totals.exact; };
  while (!is_done()) {
    Link link(port);
    std::string bytes;
    Connect hello;
    hello.client_id = "exact-receiver";
    hello.clean_start = false;
    encode_connect(hello, bytes);
    Subscribe wish;
    wish.packet_id = 1;
    wish.entries.push_back({"exact", {.qos = 2}});
    encode_subscribe(wish, Version::v311, bytes);
    link.send(bytes);
    while (link.is_open() && !is_done()) {
      std::string reply;
      link.receive(100, [&](const Frame& frame) {
        if (frame.type == PacketType::publish) {
          Publish packet;
          if (decode_publish(frame, Version::v311, packet)) std::abort();
          if (held.insert(packet.packet_id).second) {
            uint64_t number = std::stoull(std::string(packet.payload));
            if (number != last + 1) {
              std::fprintf(stderr, "soak: message %llu after %llu\n",
                           static_cast<unsigned long long>(number),
                           static_cast<unsigned long long>(last));
              std::abort();
            }
            last = number;
          }
          encode_ack(PacketType::pubrec, packet.packet_id, Reason::success, Version::v311, reply);
        } else if (frame.type == PacketType::suback) {
          totals.receiver_is_ready = true;
        } else if (frame.type == PacketType::pubrel) {
          Ack packet;
          if (decode_ack(frame, Version::v311, packet)) std::abort();
          held.erase(packet.packet_id);
          encode_ack(PacketType::pubcomp, packet.packet_id, Reason::success, Version::v311, reply);
        }
      });
      if (random() % 40 == 0) break;
      link.send(reply);
      if (random() % 40 == 0) break;
    }
  }
}

// What the API does with a broker.
void look_around(Broker& broker, const std::atomic<bool>& over) {
  for (unsigned round = 0; !over; round++) {
    broker.clients({});
    broker.find_client("soak-1", [](std::optional<ClientDetails>) {});
    broker.retained({});
    broker.sample_rates();
    if (round % 10 == 0) broker.kick("soak-2", round % 20 == 0, [](bool) {});
    if (round % 7 == 0) broker.remove_retained("soak/3");
    auto message = std::make_shared<Message>();
    message->topic = "soak/1";
    message->payload = "from the server";
    message->qos = 1;
    broker.publish(std::move(message));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

int run(int seconds, unsigned seed) {
  log::set_level(log::Level::error);
  SystemClock clock;
  Totals totals;
  SlowSink sink;
  net::IoThreads threads(kThreads);
  std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("weir-soak-" + std::to_string(::getpid()));
  BrokerOptions options;
  options.journal_directory = directory.string();
  auto made = Broker::make(threads, clock, options, {&sink});
  if (!made.ok()) {
    std::fprintf(stderr, "soak: %s\n", made.error().message.c_str());
    return 1;
  }
  std::unique_ptr<Broker> broker = std::move(*made);
  auto listener = broker->listen({"127.0.0.1", 0}, std::make_shared<ListenerPolicy>());
  if (!listener.ok()) return 1;
  uint16_t port = (*listener)->port();
  std::atomic<bool> over = false, sending_is_over = false;
  std::vector<std::thread> crowd;
  std::thread receiver([&] { receive_exactly(port, seed, sending_is_over, totals); });
  std::thread sender([&] { send_exactly(port, seed + 1, over, totals); });
  crowd.emplace_back([&] { look_around(*broker, over); });
  for (unsigned i = 0; i < kClients; i++) {
    crowd.emplace_back([&, i] {
      Wanderer wanderer(port, seed * 1000 + i, totals);
      while (!over) wanderer.live();
    });
  }
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  over = true;
  for (std::thread& one : crowd) one.join();
  sender.join();
  sending_is_over = true;
  receiver.join();
  (*listener)->stop();
  broker->stop();
  threads.stop();
  std::filesystem::remove_all(directory);
  std::printf(
      "%d s, seed %u: %llu connects, %llu published, %llu received, %llu acknowledged, "
      "%llu exactly once\n",
      seconds, seed, static_cast<unsigned long long>(totals.connects),
      static_cast<unsigned long long>(totals.published),
      static_cast<unsigned long long>(totals.received),
      static_cast<unsigned long long>(totals.acknowledged),
      static_cast<unsigned long long>(totals.exact));
  bool lived =
      totals.connects > 0 && totals.received > 0 && totals.acknowledged > 0 && totals.exact > 0;
  return lived ? 0 : 1;
}

}  // namespace
}  // namespace weir::soak

int main(int count, char** arguments) {
  int seconds = count > 1 ? std::atoi(arguments[1]) : 600;
  unsigned seed = count > 2 ? static_cast<unsigned>(std::atoi(arguments[2])) : 1;
  return weir::soak::run(seconds, seed);
}
