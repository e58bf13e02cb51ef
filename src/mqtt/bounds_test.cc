// What one client, known or not, can make the broker hold or do.
#include <doctest/doctest.h>

#include "base/fault_file_system.h"
#include "base/log.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/fake_net.h"
#include "mqtt/hub.h"
#include "mqtt/metrics.h"
#include "mqtt/packet_notation_test.h"

namespace weir::mqtt {
namespace {

struct Fixture {
  explicit Fixture(BrokerOptions options = {}, std::unique_ptr<Journal> journal = nullptr) {
    log::set_level(log::Level::off);
    hub = std::make_shared<Hub>(loops.clock, std::move(options), std::vector<PublishSink*>{},
                                std::move(journal));
    hub->add_threads(loops.all());
  }
  ~Fixture() {
    hub->stopping = true;
    loops.run();
    log::set_level(log::Level::warn);
  }
  FakePeer& open() {
    peers.push_back(std::make_unique<FakePeer>(*loops.threads[0]));
    hub->threads[0]->adopt(peers.back()->make_stream(), policy);
    return *peers.back();
  }
  FakePeer& connect(const std::string& packet, int version) {
    FakePeer& peer = open();
    send(peer, packet, version);
    peer.received().clear();
    return peer;
  }
  void send(FakePeer& peer, const std::string& packet, int version) {
    peer.send(assemble_packet(packet, version));
    loops.run();
  }

  FakeLoops loops{1};
  std::shared_ptr<Hub> hub;
  ListenerPolicyPtr policy = std::make_shared<ListenerPolicy>("front door");
  std::vector<std::unique_ptr<FakePeer>> peers;
};

TEST_CASE("one SUBSCRIBE gets so many filters looked at, the rest of them are refused") {
  for (int version : {4, 5}) {
    Fixture f;
    FakePeer& peer = f.connect("CONNECT client_id=a clean", version);
    // One filter again and again.
    std::string body(version == 5 ? std::string("\0\1\0", 3) : std::string("\0\1", 2));
    for (size_t i = 0; i < Connection::kFiltersMax + 2; i++) body += std::string("\0\1t\0", 4);
    std::string packet = "\x82";
    for (size_t left = body.size(); left > 0; left >>= 7) {
      packet += static_cast<char>((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    }
    peer.send(packet + body);
    f.loops.run();
    std::string granted(Connection::kFiltersMax, '\0');
    std::string refused(2, version == 5 ? '\x97' : '\x80');
    CHECK(peer.received().ends_with(granted + refused));
    CHECK(f.hub->tree.size() == 1);
  }
}

TEST_CASE("connections beyond those that linger are closed at once, and counted like them") {
  BrokerOptions options;
  options.connections_max = 1;
  Fixture f(options);
  f.connect("CONNECT client_id=a clean", 4);
  const uint64_t before = connections_turned_away.value();
  for (size_t i = 0; i < Hub::kLingeringMax; i++) CHECK_FALSE(f.open().is_closed());
  CHECK(connections_turned_away.value() == before + Hub::kLingeringMax);
  CHECK(f.open().is_closed());
  CHECK(connections_turned_away.value() == before + Hub::kLingeringMax + 1);
}

TEST_CASE("a CONNECT above its own bound is refused when its length is known") {
  for (int version : {4, 5}) {
    Fixture f;
    FakePeer& peer = f.open();
    std::string packet =
        assemble_packet("CONNECT client_id=a clean username=" + std::string(65'535, 'u') +
                            " password=" + std::string(65'535, 'p'),
                        version);
    peer.send(packet.substr(0, 20));
    f.loops.run();
    CHECK(peer.is_closed());
    if (version == 4) CHECK(peer.received().empty());
    if (version == 5) CHECK(peer.received() == assemble_packet("CONNACK code=0x95", 5));
  }
}

TEST_CASE("connections that are not admitted yet hold so much in all, common ones come in") {
  Fixture f;
  size_t hoarders = Hub::kUnadmittedBytesMax / 100'000;
  std::string most(100'000, 'x');
  most.replace(0, 4, std::string("\x10\xff\xff\x06", 4));
  for (size_t i = 0; i < hoarders; i++) f.open().send(most);
  CHECK(f.hub->unadmitted_bytes > Hub::kUnadmittedBytesMax - 100'000);
  FakePeer& late = f.open();
  late.send(most);
  CHECK(late.is_closed());
  FakePeer& common = f.connect("CONNECT client_id=a clean", 4);
  CHECK_FALSE(common.is_closed());
  for (auto& peer : f.peers) peer->vanish();
  f.loops.run();
  CHECK(f.hub->unadmitted_bytes == 0);
}

TEST_CASE("a journal counts whatever waits in it, and while it is full no kept session begins") {
  FaultFileSystem files;
  auto opened = Journal::open({{.directory = "/data/broker"}, {}}, files);
  REQUIRE(opened.ok());
  Fixture f({}, std::move(opened).value());
  auto details = std::make_shared<OpDetails>();
  details->name.assign(70'000'000, 'x');
  std::vector<Op> ops;
  ops.push_back({.kind = OpKind::unsubscribed, .session = 77, .details = details});
  f.hub->journal->append(ops, false);
  CHECK(f.hub->journal->is_congested());
  CHECK_FALSE(f.hub->journal->is_full());
  ops.push_back({.kind = OpKind::unsubscribed, .session = 77, .details = details});
  f.hub->journal->append(ops, false);
  CHECK(f.hub->journal->is_full());
  FakePeer& kept = f.open();
  f.send(kept, "CONNECT client_id=kept session_expiry=10", 5);
  CHECK(kept.received() == assemble_packet("CONNACK code=0x88", 5));
  FakePeer& old = f.open();
  f.send(old, "CONNECT client_id=old", 4);
  CHECK(old.received() == assemble_packet("CONNACK code=3", 4));
  CHECK_FALSE(f.connect("CONNECT client_id=passing clean", 5).is_closed());
}

TEST_CASE("subscriptions are bounded by what they hold, for one client and in all") {
  for (int version : {4, 5}) {
    Fixture f;
    FakePeer& peer = f.connect("CONNECT client_id=a clean", version);
    const std::string refusal = version == 5 ? "0x97" : "0x80";
    auto subscribe = [&](FakePeer& by, const std::string& filter) {
      f.send(by, "SUBSCRIBE id=1 filter=" + filter, version);
      return std::exchange(by.received(), {});
    };
    const std::string granted = assemble_packet("SUBACK id=1 codes=0", version);
    const std::string refused = assemble_packet("SUBACK id=1 codes=" + refusal, version);
    std::string answer = granted;
    size_t made = 0;
    for (; answer == granted && made < 1000; made++) {
      answer = subscribe(peer, std::to_string(made) + std::string(60'000, 'x'));
    }
    CHECK(answer == refused);
    CHECK(made > 100);
    CHECK(made < 150);
    CHECK(f.hub->queues.subscription_bytes <= Session::kSubscriptionBytesMax);
    // Of those of all clients.
    FakePeer& other = f.connect("CONNECT client_id=b clean", version);
    size_t held = f.hub->queues.subscription_bytes.exchange(Session::kSubscriptionBytesTotalMax);
    CHECK(subscribe(other, "small/one") == granted);
    CHECK(subscribe(other, std::string(60'000, 'y')) == refused);
    f.hub->queues.subscription_bytes -= Session::kSubscriptionBytesTotalMax - held;
    f.send(other, "UNSUBSCRIBE id=2 filter=small/one", version);
    CHECK(f.hub->queues.subscription_bytes == held);
    peer.vanish();
    other.vanish();
    f.loops.run();
    CHECK(f.hub->queues.subscription_bytes == 0);
  }
}

TEST_CASE("wills count among what waits for clients, and beyond it large ones are refused") {
  BrokerOptions options;
  options.queued_bytes_total_max = 10'000;
  Fixture f(options);
  const std::string large = " will_topic=w will_payload=" + std::string(9000, 'x');
  FakePeer& first = f.connect("CONNECT client_id=a clean" + large, 5);
  CHECK(f.hub->queues.bytes_used > 9000);
  FakePeer& second = f.open();
  f.send(second, "CONNECT client_id=b clean" + large, 5);
  CHECK(second.received() == assemble_packet("CONNACK code=0x97", 5));
  CHECK_FALSE(f.connect("CONNECT client_id=c clean will_topic=w will_payload=x", 5).is_closed());
  f.send(first, "DISCONNECT", 5);
  CHECK(f.hub->queues.bytes_used < 1000);
}

TEST_CASE("a connection beyond the most is answered, and so many of them wait for it") {
  BrokerOptions options;
  options.connections_max = 1;
  Fixture f(options);
  FakePeer& only = f.connect("CONNECT client_id=only clean", 5);
  FakePeer& second = f.open();
  f.send(second, "CONNECT client_id=second clean", 5);
  CHECK(second.received() == assemble_packet("CONNACK code=0x97", 5));
  FakePeer& old = f.open();
  f.send(old, "CONNECT client_id=old clean", 4);
  CHECK(old.received() == assemble_packet("CONNACK code=3", 4));
  for (size_t i = 0; i < Hub::kLingeringMax; i++) CHECK_FALSE(f.open().is_closed());
  CHECK(f.open().is_closed());
  f.loops.advance_ms(options.connect_ms_max + 1);
  CHECK(f.hub->lingering == 0);
  only.vanish();
  f.loops.run();
  FakePeer& next = f.connect("CONNECT client_id=next clean", 5);
  CHECK_FALSE(next.is_closed());
  CHECK(f.hub->connections == 1);
}

TEST_CASE("no limit for a client's queue leaves it that of all queues") {
  BrokerOptions options;
  options.queued_messages_max = 0;
  options.queued_bytes_max = 0;
  options.queued_bytes_total_max = 1024 * 1024;
  Fixture f(options);
  FakePeer& away = f.connect("CONNECT client_id=away", 4);
  f.send(away, "SUBSCRIBE id=1 filter=t qos=1", 4);
  away.vanish();
  FakePeer& by = f.connect("CONNECT client_id=by clean", 4);
  auto publish = [&](const std::string& payload) {
    f.send(by, "PUBLISH topic=t qos=1 id=1 payload=" + payload, 4);
  };
  for (int i = 0; i < 1500; i++) publish("x");
  f.hub->sample_rates();
  f.loops.run();
  CHECK(f.hub->clients({}).clients.front().queued_messages == 1500);
  for (int i = 0; i < 20; i++) publish(std::string(100'000, 'x'));
  CHECK(f.hub->queues.bytes_used < 1300 * 1024);
}

TEST_CASE("packets that have not come whole hold so much in all, small ones come through") {
  Fixture f;
  std::string most("\x30\xff\xff\x3e", 4);  // a PUBLISH of almost 1 MiB
  most.resize(1'000'000, 'x');
  size_t hoarders = Hub::kPartialBytesMax / most.size();
  for (size_t i = 0; i < hoarders; i++) {
    f.connect("CONNECT client_id=h" + std::to_string(i) + " clean", 4).send(most);
  }
  CHECK(f.hub->partial_bytes > Hub::kPartialBytesMax - most.size());
  FakePeer& late = f.connect("CONNECT client_id=late clean", 5);
  late.send(most);
  CHECK(late.received() == assemble_packet("DISCONNECT reason=0x97", 5));
  FakePeer& small = f.connect("CONNECT client_id=small clean", 5);
  f.send(small, "PUBLISH topic=t payload=" + std::string(10'000, 'x'), 5);
  CHECK_FALSE(small.is_closed());
  for (auto& peer : f.peers) peer->vanish();
  f.loops.run();
  CHECK(f.hub->partial_bytes == 0);
}

TEST_CASE("topic aliases hold so many bytes, whatever their maximum") {
  BrokerOptions options;
  options.topic_alias_max = 65'535;
  Fixture f(options);
  FakePeer& peer = f.connect("CONNECT client_id=a clean", 5);
  for (int alias = 1; alias <= 17; alias++) {
    f.send(peer, "PUBLISH topic=" + std::string(60'000, 'x') + " topic_alias=65535", 5);
  }
  CHECK_FALSE(peer.is_closed());
  for (int alias = 1; alias <= 17; alias++) {
    f.send(peer,
           "PUBLISH topic=" + std::string(60'000, 'x') + " topic_alias=" + std::to_string(alias),
           5);
  }
  CHECK(peer.received() == assemble_packet("DISCONNECT reason=0x97", 5));
}

TEST_CASE("a message there is no room to retain leaves no older one in its place") {
  BrokerOptions options;
  options.retained_bytes_max = 100;
  Fixture f(options);
  FakePeer& peer = f.connect("CONNECT client_id=a clean", 4);
  f.send(peer, "PUBLISH topic=door retain payload=open", 4);
  f.send(peer, "PUBLISH topic=lamp retain payload=on", 4);
  f.send(peer, "PUBLISH topic=door retain payload=" + std::string(100, 'x'), 4);
  CHECK(f.hub->retained.size() == 1);
  CHECK(f.hub->retained.bytes() == 6);
  f.send(peer, "SUBSCRIBE id=1 filter=#", 4);
  CHECK(peer.received() == assemble_packet("SUBACK id=1 codes=0", 4) +
                               assemble_packet("PUBLISH topic=lamp retain payload=on", 4));
}

}  // namespace
}  // namespace weir::mqtt
