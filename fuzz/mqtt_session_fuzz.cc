// Several clients' bytes, in pieces, through a whole broker on fake streams and a fake clock.
//
// The input is a run of steps: one byte says who and what, one how much. Clients send any bytes, or
// packets made of one byte each, so that exchanges of QoS 2 are got through; the sink stores, fails
// and holds. Whatever is sent, what a client receives is well-formed, of its version, no larger
// than it takes and by aliases that it was told, and the broker stops without a session left.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <set>
#include <string>

#include "base/log.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/fake_net.h"

namespace weir::mqtt {
namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

class FuzzSink final : public PublishSink {
 public:
  void accept(std::span<const MessagePtr> messages, Stored stored) override {
    must(!messages.empty());
    if (!holds_) return stored({});
    held_.push_back(std::move(stored));
  }
  void steer(uint8_t how) {
    holds_ = (how & 1) != 0;
    if (held_.empty()) return;
    bool newest = (how & 2) != 0;
    Stored stored = std::move(newest ? held_.back() : held_.front());
    newest ? held_.pop_back() : held_.pop_front();
    stored((how & 4) != 0 ? Result<void>(Error{Errc::io, "disk full"}) : Result<void>());
  }
  void store_all() {
    while (!held_.empty()) steer(0);
  }

 private:
  bool holds_ = false;
  std::deque<Stored> held_;
};

// A client, and what it has to check of what it receives.
struct Client {
  explicit Client(net::IoThread& thread) : peer(thread) {}

  FakePeer peer;
  bool is_known = false;  // it has sent a made CONNECT first, so that the following are known
  bool has_spoken = false;
  Version version = Version::v311;
  uint32_t packet_bytes_max = UINT32_MAX;
  uint16_t alias_max = 0;
  std::set<uint16_t> aliases;

  void check_publish(const Publish& packet) {
    must((packet.qos == 0) == (packet.packet_id == 0));
    uint16_t alias = packet.properties.topic_alias;
    must(alias <= alias_max);
    if (packet.topic.empty()) must(aliases.contains(alias));
    if (alias != 0) aliases.insert(alias);
  }
  void check(const Frame& frame) {
    must(frame.size_bytes <= packet_bytes_max && !frame.is_padded);
    Publish publish;
    Ack ack;
    Connack connack;
    switch (frame.type) {
      case PacketType::publish:
        must(!decode_publish(frame, version, publish));
        return check_publish(publish);
      case PacketType::puback:
      case PacketType::pubrec:
      case PacketType::pubrel:
      case PacketType::pubcomp:
        return must(!decode_ack(frame, version, ack));
      case PacketType::connack:
        return must(!decode_connack(frame, version, connack));
      default:
        return;
    }
  }
  void check_received() {
    std::string_view rest = peer.received();
    while (!rest.empty()) {
      Frame frame;
      must(cut_frame(rest, UINT32_MAX, frame) == Cut::complete);
      must(frame.type != PacketType::connect && frame.type != PacketType::subscribe &&
           frame.type != PacketType::unsubscribe && frame.type != PacketType::pingreq);
      if (is_known) check(frame);
      rest.remove_prefix(frame.size_bytes);
    }
    peer.received().clear();
  }
  void send(std::string_view bytes) {
    has_spoken = true;
    peer.send(bytes);
  }

  void send_connect(uint8_t bits) {
    constexpr Version kVersions[] = {Version::v31, Version::v311, Version::v5, Version::v5};
    Connect packet;
    packet.version = kVersions[bits & 3];
    packet.client_id = (bits & 4) != 0 ? "a" : "b";
    packet.clean_start = (bits & 8) != 0;
    packet.properties.session_expiry_s = 100;
    packet.properties.mark(Property::session_expiry_interval);
    if ((bits & 16) != 0) {
      packet.properties.topic_alias_maximum = 2;
      packet.properties.mark(Property::topic_alias_maximum);
    }
    if ((bits & 32) != 0) {
      packet.properties.receive_maximum = 1;
      packet.properties.maximum_packet_size = 30;
      packet.properties.mark(Property::receive_maximum);
      packet.properties.mark(Property::maximum_packet_size);
    }
    bool is_v5 = packet.version == Version::v5;
    if (!std::exchange(has_spoken, true)) {
      is_known = true;
      version = packet.version;
      if (is_v5 && (bits & 16) != 0) alias_max = 2;
      if (is_v5 && (bits & 32) != 0) packet_bytes_max = 30;
    }
    std::string bytes;
    encode_connect(packet, bytes);
    peer.send(bytes);
  }
  void send_publish(uint8_t bits) {
    constexpr std::string_view kTopics[] = {"t/one", "t/two", "t", "t/a/long/topic/of/them/all"};
    Publish packet;
    packet.topic = kTopics[bits & 3];
    packet.payload = "payload";
    packet.qos = static_cast<uint8_t>((bits >> 2 & 3) % 3);
    packet.retain = (bits & 16) != 0;
    packet.duplicate = packet.qos > 0 && (bits & 32) != 0;
    if (packet.qos > 0) packet.packet_id = static_cast<uint16_t>(1 + (bits >> 6));
    std::string bytes;
    encode_publish(packet, version, bytes);
    send(bytes);
  }
  void send_answer(uint8_t bits) {
    constexpr PacketType kTypes[] = {PacketType::puback, PacketType::pubrec, PacketType::pubrel,
                                     PacketType::pubcomp};
    PacketType type = kTypes[bits & 3];
    bool refuses = (bits & 4) != 0 && (type == PacketType::puback || type == PacketType::pubrec);
    std::string bytes;
    encode_ack(type, static_cast<uint16_t>(1 + (bits >> 3) % 8),
               refuses ? Reason::quota_exceeded : Reason::success, version, bytes);
    send(bytes);
  }
  void send_subscribe(uint8_t bits) {
    constexpr std::string_view kFilters[] = {"t/+", "#", "t/one", "$share/g/t/+"};
    Subscribe packet;
    packet.packet_id = 1;
    packet.entries.push_back({kFilters[bits & 3], {}});
    SubscriptionOptions& options = packet.entries.front().options;
    options.qos = static_cast<uint8_t>((bits >> 2 & 3) % 3);
    options.no_local = (bits & 16) != 0 && (bits & 3) != 3;
    options.retain_as_published = (bits & 32) != 0;
    std::string bytes;
    encode_subscribe(packet, version, bytes);
    send(bytes);
  }
};

void run(std::string_view input) {
  constexpr size_t kClients = 3;
  FakeLoops loops(2);
  FuzzSink sink;
  BrokerOptions options;
  options.packet_bytes_max = 4096;
  options.queued_messages_max = 20;
  options.retained_messages_max = 20;
  auto hub = std::make_shared<Hub>(loops.clock, options, std::vector<PublishSink*>{&sink});
  auto policy = std::make_shared<ListenerPolicy>();
  hub->add_threads(loops.all());
  std::array<std::unique_ptr<Client>, kClients> clients;
  while (input.size() >= 2) {
    auto what = static_cast<uint8_t>(input[0]);
    auto count = static_cast<uint8_t>(input[1]);
    input.remove_prefix(2);
    size_t thread = what % 2;
    std::unique_ptr<Client>& client = clients[what / 2 % kClients];
    if (!client) {
      client = std::make_unique<Client>(*loops.threads[thread]);
      hub->threads[thread]->adopt(client->peer.make_stream(), policy);
    }
    switch (what >> 4) {
      case 0:
        loops.advance_ms(count * 100);
        break;
      case 1:
        client->peer.vanish();
        client->check_received();
        client.reset();
        break;
      case 2:
        client->peer.set_stuck(count % 2 == 0);
        break;
      case 3:
        sink.steer(count);
        break;
      case 4:
        client->send_connect(count);
        break;
      case 5:
        client->send_subscribe(count);
        break;
      case 6:
      case 7:
        client->send_publish(count);
        break;
      case 8:
      case 9:
        client->send_answer(count);
        break;
      default:
        client->send(input.substr(0, count));
        input.remove_prefix(std::min<size_t>(count, input.size()));
    }
    loops.run();
    for (auto& one : clients) {
      if (one) one->check_received();
    }
  }
  hub->stopping = true;
  for (auto& thread : hub->threads) thread->close_all();
  loops.run();
  sink.store_all();
  loops.run();
  must(hub->receivers.lock()->empty() && hub->tree.size() == 0);
}

}  // namespace
}  // namespace weir::mqtt

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::log::set_level(weir::log::Level::off);
  weir::mqtt::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
