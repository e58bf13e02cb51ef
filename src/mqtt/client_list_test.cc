#include <doctest/doctest.h>

#include <map>

#include "base/log.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/fake_net.h"
#include "mqtt/hub.h"
#include "mqtt/packet_notation_test.h"

namespace weir::mqtt {
namespace {

struct Fixture {
  Fixture() {
    log::set_level(log::Level::warn);
    hub->add_threads(loops.all());
  }
  FakePeer& connect(const std::string& name, const std::string& packet, int version = 5,
                    size_t thread = 0) {
    peers.push_back(std::make_unique<FakePeer>(*loops.threads[thread]));
    hub->threads[thread]->adopt(peers.back()->make_stream(), policy);
    send(*peers.back(), "CONNECT client_id=" + name + " " + packet, version);
    peers.back()->received().clear();
    return *peers.back();
  }
  void send(FakePeer& peer, const std::string& packet, int version = 5) {
    peer.send(assemble_packet(packet, version));
    loops.run();
  }
  std::string names(const ClientQuery& query) {
    std::string got;
    for (const ClientInfo& one : hub->clients(query).clients)
      got += (got.empty() ? "" : " ") + one.client_id;
    return got;
  }
  ClientInfo only(const std::string& name) {
    ClientQuery query;
    query.text = name;
    ClientPage page = hub->clients(query);
    REQUIRE(page.clients.size() == 1);
    return page.clients.front();
  }
  std::optional<ClientDetails> details(const std::string& name) {
    std::optional<std::optional<ClientDetails>> answer;
    hub->find_client(name, [&](std::optional<ClientDetails> found) { answer = std::move(found); });
    loops.advance_ms(10);
    REQUIRE(answer.has_value());
    return *answer;
  }
  bool kick(const std::string& name, bool end_session) {
    std::optional<bool> answer;
    hub->kick(name, end_session, [&](bool found) { answer = found; });
    loops.run();
    REQUIRE(answer.has_value());
    return *answer;
  }

  FakeLoops loops{2};
  std::shared_ptr<Hub> hub =
      std::make_shared<Hub>(loops.clock, BrokerOptions{}, std::vector<PublishSink*>{});
  ListenerPolicyPtr policy = std::make_shared<ListenerPolicy>("front door");
  std::vector<std::unique_ptr<FakePeer>> peers;
};

TEST_CASE("the list of clients tells who they are, also while they are away") {
  Fixture f;
  f.connect("lamp", "keep_alive=30 user=ada session_expiry=60", 5, 1);
  ClientInfo lamp = f.only("lamp");
  CHECK(lamp.connected);
  CHECK(lamp.peer == "127.0.0.1:50000");
  CHECK(lamp.listener == "front door");
  CHECK(lamp.transport == "tcp");
  CHECK(lamp.protocol_version == 5);
  CHECK(lamp.keep_alive_s == 30);
  CHECK(lamp.session_expiry_s == 60);
  CHECK(lamp.connected_at_ns == f.loops.clock.wall_ns());
  CHECK(lamp.disconnected_at_ns == 0);

  f.loops.advance_ms(1000);
  f.peers.back()->vanish();
  f.loops.run();
  lamp = f.only("lamp");
  CHECK_FALSE(lamp.connected);
  CHECK(lamp.disconnected_at_ns == f.loops.clock.wall_ns());
  CHECK(lamp.ended_because == "the connection was closed without DISCONNECT");
  CHECK(f.hub->clients({}).kept == 1);
  f.loops.advance_ms(60'000);
  CHECK(f.hub->clients({}).kept == 0);
  f.hub->stopping = true;
}

TEST_CASE("clients are found by any of their names, sorted either way and paged") {
  Fixture f;
  for (const char* name : {"b1", "a2", "B3"}) f.connect(name, "session_expiry=10");
  f.connect("c4", "");
  f.peers.front()->vanish();
  f.loops.run();
  CHECK(f.names({}) == "B3 a2 b1 c4");
  ClientQuery query;
  query.text = "b";
  CHECK(f.names(query) == "B3 b1");
  query.text = "FRONT";
  CHECK(f.hub->clients(query).matching == 4);
  query.state = ClientQuery::State::kept;
  CHECK(f.names(query) == "b1");
  query.state = ClientQuery::State::connected;
  query.descending = true;
  CHECK(f.names(query) == "c4 a2 B3");
  query.offset = 1;
  query.limit = 1;
  CHECK(f.names(query) == "a2");
  CHECK(f.hub->clients(query).matching == 3);
  query.offset = 9;
  CHECK(f.names(query).empty());
}

TEST_CASE("rates follow what a client sends and settle when it rests") {
  Fixture f;
  FakePeer& busy = f.connect("busy", "");
  f.connect("calm", "");
  f.hub->sample_rates();
  for (int second = 0; second < 30; second++) {
    for (int i = 0; i < 10; i++) f.send(busy, "PUBLISH topic=t payload=x");
    f.loops.advance_ms(1000);
    f.hub->sample_rates();
  }
  CHECK(f.only("busy").rates.messages_in == doctest::Approx(10).epsilon(0.01));
  CHECK(f.only("busy").rates.bytes_in > 50);
  CHECK(f.only("calm").rates.messages_in == 0);
  ClientQuery query;
  query.order = ClientQuery::Order::messages_in;
  query.descending = true;
  CHECK(f.names(query) == "busy calm");
  f.loops.advance_ms(120'000);
  f.hub->sample_rates();
  CHECK(f.only("busy").rates.messages_in < 0.1);
}

TEST_CASE("a client's bytes are those of every packet it sends and is sent") {
  Fixture f;
  const std::string connect = assemble_packet("CONNECT client_id=meter keep_alive=30", 5);
  const std::string subscribe = assemble_packet("SUBSCRIBE id=1 filter=t qos=1", 5);
  f.peers.push_back(std::make_unique<FakePeer>(*f.loops.threads[0]));
  FakePeer& meter = *f.peers.back();
  f.hub->threads[0]->adopt(meter.make_stream(), f.policy);
  meter.send(connect.substr(0, 5));
  meter.send(connect.substr(5) + subscribe.substr(0, 4));  // CONNECT does not come alone
  f.loops.run();
  CHECK(f.only("meter").bytes_in == connect.size() + 4);
  CHECK(f.only("meter").bytes_out == meter.received().size());  // CONNACK
  meter.send(subscribe.substr(4));
  f.loops.run();
  size_t sent = connect.size() + subscribe.size();
  for (const char* packet : {"PUBLISH topic=t qos=1 id=7 payload=x", "PUBACK id=1", "PINGREQ"}) {
    f.send(meter, packet);
    sent += assemble_packet(packet, 5).size();
  }
  CHECK(f.only("meter").bytes_in == sent);
  CHECK(f.only("meter").messages_out == 1);
  // CONNACK, SUBACK, PUBLISH, PUBACK, PINGRESP
  CHECK(f.only("meter").bytes_out == meter.received().size());
}

TEST_CASE("details name subscriptions with their options, and the will") {
  Fixture f;
  FakePeer& peer = f.connect("panel", "will_topic=gone will_payload=bye will_qos=1 will_retain");
  f.send(peer, "SUBSCRIBE id=1 filter=b/+ qos=1");
  f.send(peer, "SUBSCRIBE id=2 subscription_id=7 filter=a/# qos=0");
  std::optional<ClientDetails> panel = f.details("panel");
  REQUIRE(panel.has_value());
  CHECK(panel->info.subscriptions == 2);
  REQUIRE(panel->subscriptions.size() == 2);
  CHECK(panel->subscriptions[0].filter == "a/#");
  CHECK(panel->subscriptions[0].id == 7);
  CHECK(panel->subscriptions[1].options.qos == 1);
  REQUIRE(panel->will.has_value());
  CHECK(panel->will->topic == "gone");
  CHECK(panel->will->payload_head == "bye");
  CHECK(panel->will->qos == 1);
  f.send(peer, "UNSUBSCRIBE id=2 filter=b/+");
  CHECK(f.only("panel").subscriptions == 1);
  CHECK_FALSE(f.details("nobody").has_value());
}

TEST_CASE("what waits for a client, and what it did not get and why, is told") {
  Fixture f;
  FakePeer& slow = f.connect("slow", "receive_maximum=2 session_expiry=60");
  f.send(slow, "SUBSCRIBE id=1 filter=t qos=1");
  FakePeer& source = f.connect("source", "");
  for (int i = 1; i <= 1005; i++)
    f.send(source, "PUBLISH topic=t qos=1 id=" + std::to_string(i) + " payload=x");
  ClientInfo seen = f.only("slow");
  CHECK(seen.in_flight_out == 2);
  CHECK(seen.queued_messages == 1000);
  CHECK(seen.queued_bytes == 1002 * 2);
  CHECK(seen.dropped[size_t(DropReason::queue_full)] == 3);
  slow.set_stuck(true);
  CHECK(f.only("source").in_flight_in == 0);
  f.send(source, "PUBLISH topic=t qos=2 id=9 payload=x");
  CHECK(f.only("source").in_flight_in == 1);
  f.send(source, "PUBREL id=9");
  CHECK(f.only("source").in_flight_in == 0);
  slow.vanish();
  f.loops.run();
  CHECK(f.only("slow").queued_messages == 1000);
}

TEST_CASE("a client is disconnected by an operator, with its session if told so") {
  Fixture f;
  FakePeer& first = f.connect("lamp", "session_expiry=60", 5, 1);
  CHECK(f.kick("lamp", false));
  CHECK(first.is_closed());
  CHECK(hex_of(first.received()) == hex_of(assemble_packet("DISCONNECT reason=0x98", 5)));
  CHECK(f.only("lamp").ended_because == "an operator ended the connection");
  CHECK(f.kick("lamp", true));  // nobody is connected: the session goes
  CHECK(f.hub->clients({}).kept == 0);
  CHECK_FALSE(f.kick("lamp", true));

  FakePeer& old = f.connect("old", "", 4);
  CHECK(f.kick("old", true));
  CHECK(old.is_closed());
  CHECK(old.received().empty());
  CHECK(f.names({}).empty());
}

TEST_CASE("retained messages are paged by filter and text") {
  RetainedStore store(10'000, 1 << 20);
  auto keep = [&](const std::string& topic, const std::string& payload) {
    auto message = std::make_shared<Message>();
    message->topic = topic;
    message->payload = payload;
    message->retain = true;
    CHECK(store.store(message));
  };
  // More than are looked at in one portion.
  for (int i = 0; i < 2500; i++) keep("n/" + std::to_string(10'000 + i), "x");
  keep("home/Kitchen/t", "21");
  keep("home/hall/t", "20");
  RetainedQuery query;
  query.limit = 1000;
  size_t seen = 0;
  std::string last;
  while (true) {
    RetainedPage page = store.page(query, 0);
    for (const MessagePtr& one : page.messages) {
      CHECK(last < one->topic);
      last = one->topic;
      seen++;
    }
    if (!page.more) break;
    query.after = last;
  }
  CHECK(seen == 2502);
  query = {};
  query.filter = "home/+/t";
  query.limit = 2;
  RetainedPage page = store.page(query, 0);
  CHECK(page.messages.size() == 2);
  CHECK_FALSE(page.more);
  query.limit = 1;
  CHECK(store.page(query, 0).more);
  query.text = "kitchen";
  page = store.page(query, 0);
  REQUIRE(page.messages.size() == 1);
  CHECK(page.messages[0]->topic == "home/Kitchen/t");
  CHECK_FALSE(page.more);
  query.after = "zzz";
  CHECK(store.page(query, 0).messages.empty());
  CHECK(store.find("home/hall/t", 0)->payload == "20");
  CHECK(store.find("home/hall", 0) == nullptr);
}

}  // namespace
}  // namespace weir::mqtt
