#include "mqtt/client_session.h"

#include <doctest/doctest.h>

#include "mqtt/packet_notation_test.h"

namespace weir::mqtt {
namespace {

// A server played by the test: what it sends is written in the notation of test/mqtt, what it gets
// is compared with the notation's bytes.
struct Played {
  explicit Played(ClientOptions options) : session(std::move(options)) {}

  int version() const { return static_cast<int>(session.options().version); }
  void connect(const std::string& connack = "CONNACK code=0") {
    session.connect(now, out);
    out.bytes.clear();
    from_server(connack);
  }
  void from_server(const std::string& line) {
    std::string bytes = assemble_packet(line, version());
    // Byte by byte: where a read ends means nothing.
    for (char byte : bytes) session.consume({&byte, 1}, now, out);
  }
  std::string sent() { return std::exchange(out.bytes, {}); }
  std::string packet(const std::string& line) const { return assemble_packet(line, version()); }
  template <class Event>
  std::vector<Event> take() {
    std::vector<Event> found;
    for (ClientEvent& event : out.events) {
      if (auto* one = std::get_if<Event>(&event)) found.push_back(std::move(*one));
    }
    std::erase_if(out.events,
                  [](const auto& event) { return std::holds_alternative<Event>(event); });
    return found;
  }
  void reconnect(const std::string& connack) {
    session.connection_lost();
    connect(connack);
  }

  Now now{1000, 1'700'000'000'000'000'000};
  ClientOutput out;
  ClientSession session;
};

ClientOptions options_of(Version version) {
  ClientOptions options;
  options.version = version;
  options.client_id = "c";
  options.keep_alive_s = 60;
  options.session_expiry_s = 100;
  return options;
}

MessagePtr message_of(std::string topic, std::string payload) {
  auto message = std::make_shared<Message>();
  message->topic = std::move(topic);
  message->payload = std::move(payload);
  return message;
}

constexpr Version kBoth[] = {Version::v311, Version::v5};

TEST_CASE("CONNECT says who the client is, what it takes and whether it is a bridge") {
  ClientOptions options = options_of(Version::v5);
  options.user = "u";
  options.password = "p";
  options.receive_maximum = 7;
  options.packet_bytes_max = 2000;
  options.will = OwnWill{"w", "0", 1, true};
  Played five(options);
  five.session.connect(five.now, five.out);
  CHECK(five.sent() ==
        five.packet("CONNECT client_id=c keep_alive=60 session_expiry=100 receive_maximum=7 "
                    "topic_alias_maximum=32 maximum_packet_size=2000 will_topic=w will_payload=0 "
                    "will_qos=1 will_retain username=u password=p"));
  options.version = Version::v311;
  options.is_bridge = true;
  Played old(options);
  old.session.connect(old.now, old.out);
  std::string bytes = old.packet(
      "CONNECT client_id=c keep_alive=60 will_topic=w will_payload=0 will_qos=1 will_retain "
      "username=u password=p");
  bytes[8] = static_cast<char>(0x84);  // behind the fixed header and the name MQTT
  CHECK(old.sent() == bytes);
}

TEST_CASE("a received QoS 1 message is acknowledged when it is stored, in the order received") {
  for (Version version : kBoth) {
    Played it(options_of(version));
    it.connect();
    it.from_server("PUBLISH topic=a qos=1 id=10 payload=1");
    it.from_server("PUBLISH topic=b qos=1 id=11 payload=2");
    it.from_server("PUBLISH topic=c payload=3");
    auto received = it.take<ReceivedEvent>();
    REQUIRE(received.size() == 3);
    CHECK(received[1].message->topic == "b");
    CHECK_FALSE(received[2].ticket);
    CHECK(it.sent().empty());
    it.session.acknowledge(*received[1].ticket, Reason::success, it.out);
    CHECK(it.sent().empty());
    it.session.acknowledge(*received[0].ticket, Reason::success, it.out);
    CHECK(it.sent() == it.packet("PUBACK id=10") + it.packet("PUBACK id=11"));
    CHECK(it.session.unacknowledged() == 0);
  }
}

TEST_CASE("an acknowledgement that comes after the connection was lost is not sent on the next") {
  for (Version version : kBoth) {
    Played it(options_of(version));
    it.connect();
    it.from_server("PUBLISH topic=a qos=1 id=10 payload=1");
    auto first = it.take<ReceivedEvent>();
    it.reconnect("CONNACK code=0 present=1");
    it.from_server("PUBLISH topic=z qos=1 id=9 payload=1");
    it.session.acknowledge(*first[0].ticket, Reason::success, it.out);
    CHECK(it.sent().empty());
    it.from_server("PUBLISH topic=a qos=1 id=10 dup payload=1");
    CHECK(it.take<ReceivedEvent>().size() == 2);  // at least once
  }
}

TEST_CASE("a QoS 2 message is handed out once, whatever is lost on the way") {
  for (Version version : kBoth) {
    Played it(options_of(version));
    it.connect();
    it.from_server("PUBLISH topic=a qos=2 id=5 payload=1");
    auto received = it.take<ReceivedEvent>();
    REQUIRE(received.size() == 1);
    // The connection is lost before it is stored; it is stored meanwhile.
    it.reconnect("CONNACK code=0 present=1");
    it.from_server("PUBLISH topic=a qos=2 id=5 dup payload=1");
    CHECK(it.sent().empty());
    it.session.acknowledge(*received[0].ticket, Reason::success, it.out);
    CHECK(it.sent() == it.packet("PUBREC id=5"));
    // And lost again before PUBREC arrived.
    it.reconnect("CONNACK code=0 present=1");
    it.from_server("PUBLISH topic=a qos=2 id=5 dup payload=1");
    CHECK(it.sent() == it.packet("PUBREC id=5"));
    CHECK(it.take<ReceivedEvent>().empty());
    it.from_server("PUBREL id=5");
    CHECK(it.sent() == it.packet("PUBCOMP id=5"));
    // The identifier is free: the next message is another one.
    it.from_server("PUBLISH topic=a qos=2 id=5 payload=2");
    CHECK(it.take<ReceivedEvent>().size() == 1);
  }
}

TEST_CASE("a QoS 2 message that could not be stored is taken again on the next connection") {
  Played it(options_of(Version::v5));
  it.connect();
  it.from_server("PUBLISH topic=a qos=2 id=5 payload=1");
  it.session.abandon(*it.take<ReceivedEvent>()[0].ticket);
  it.reconnect("CONNACK code=0 present=1");
  it.from_server("PUBLISH topic=a qos=2 id=5 dup payload=1");
  CHECK(it.take<ReceivedEvent>().size() == 1);
}

TEST_CASE("subscriptions are made on each connection: a kept session may have lost them") {
  for (Version version : kBoth) {
    ClientOptions options = options_of(version);
    options.subscriptions = {{"a/#", {.qos = 1}}, {"$share/g/b", {.qos = 2}}};
    Played it(options);
    it.connect();
    CHECK(it.sent() == it.packet("SUBSCRIBE id=1 filter=a/# qos=1 filter=$share/g/b qos=2"));
    it.from_server("SUBACK id=1 codes=1,2");
    CHECK(it.take<SubscribedEvent>().size() == 1);
    CHECK(it.session.held_filters() == std::set<std::string>{"$share/g/b", "a/#"});
    for (const auto& [id, present] : {std::pair("2", "1"), std::pair("3", "0")}) {
      it.reconnect(std::string("CONNACK code=0 present=") + present);
      CHECK(it.sent() == it.packet(std::string("SUBSCRIBE id=") + id +
                                   " filter=a/# qos=1 filter=$share/g/b qos=2"));
      CHECK(it.take<SubscribedEvent>().empty());
      it.from_server(std::string("SUBACK id=") + id + " codes=1,2");
      CHECK(it.take<SubscribedEvent>().size() == 1);
    }
  }
}

TEST_CASE("what a kept session holds and the configuration no longer names is unsubscribed from") {
  for (Version version : kBoth) {
    ClientOptions options = options_of(version);
    options.subscriptions = {{"a", {.qos = 1}}, {"new", {.qos = 1}}};
    options.held_filters = {"a", "old/#"};
    Played it(options);
    it.connect("CONNACK code=0 present=1");
    CHECK(it.sent() == it.packet("SUBSCRIBE id=1 filter=a qos=1 filter=new qos=1") +
                           it.packet("UNSUBSCRIBE id=2 filter=old/#"));
    it.from_server("SUBACK id=1 codes=1,1");
    CHECK(it.take<SubscribedEvent>().empty());
    it.from_server(version == Version::v5 ? "UNSUBACK id=2 codes=0" : "UNSUBACK id=2");
    CHECK(it.take<SubscribedEvent>().size() == 1);
    CHECK(it.session.held_filters() == std::set<std::string>{"a", "new"});
  }
}

TEST_CASE("a refused subscription is told with its reason and the remedy") {
  ClientOptions options = options_of(Version::v5);
  options.subscriptions = {{"$share/g/b", {.qos = 1}}};
  Played it(options);
  it.connect();
  it.from_server("SUBACK id=1 codes=158");
  auto events = it.take<SubscribedEvent>();
  REQUIRE(events.size() == 1);
  REQUIRE(events[0].refused.size() == 1);
  CHECK(explain_subscription(events[0].refused[0].first, events[0].refused[0].second)
            .find("subscribe without $share") != std::string::npos);
  CHECK(it.session.held_filters().empty());
}

TEST_CASE("publishes wait for the server's receive maximum and complete in turn") {
  Played it(options_of(Version::v5));
  it.connect("CONNACK code=0 receive_maximum=2");
  std::vector<uint64_t> tickets;
  for (const char* payload : {"1", "2", "3"}) {
    tickets.push_back(it.session.publish(message_of("t", payload), 1, false, it.now, it.out));
  }
  CHECK(it.sent() == it.packet("PUBLISH topic=t qos=1 id=1 payload=1") +
                         it.packet("PUBLISH topic=t qos=1 id=2 payload=2"));
  it.from_server("PUBACK id=2 reason=135");
  CHECK(it.sent() == it.packet("PUBLISH topic=t qos=1 id=3 payload=3"));
  it.from_server("PUBACK id=1");
  auto done = it.take<PublishedEvent>();
  REQUIRE(done.size() == 2);
  CHECK(done[0].ticket == tickets[1]);
  CHECK(done[0].reason == Reason::not_authorized);
  CHECK(done[1].reason == Reason::success);
}

TEST_CASE("what was in flight is sent again in order: as a duplicate if the session was kept") {
  for (Version version : kBoth) {
    Played it(options_of(version));
    it.connect();
    it.session.publish(message_of("t", "1"), 1, true, it.now, it.out);
    it.session.publish(message_of("t", "2"), 2, false, it.now, it.out);
    it.session.publish(message_of("t", "3"), 2, false, it.now, it.out);
    it.from_server("PUBREC id=3");
    it.sent();
    it.reconnect("CONNACK code=0 present=1");
    CHECK(it.sent() == it.packet("PUBLISH topic=t qos=1 id=1 retain dup payload=1") +
                           it.packet("PUBLISH topic=t qos=2 id=2 dup payload=2") +
                           it.packet("PUBREL id=3"));
    it.reconnect("CONNACK code=0 present=0");
    CHECK(it.sent() == it.packet("PUBLISH topic=t qos=1 id=1 retain payload=1") +
                           it.packet("PUBLISH topic=t qos=2 id=2 payload=2"));
    it.from_server("PUBACK id=1");
    it.from_server("PUBREC id=2");
    it.from_server("PUBCOMP id=2");
    CHECK(it.take<PublishedEvent>().size() == 3);
    CHECK(it.session.publishes_waiting() == 0);
  }
}

TEST_CASE("the outbox refuses at its bound, of messages and of bytes") {
  ClientOptions options = options_of(Version::v5);
  options.outbox = {3, 100};
  Played it(options);
  for (int i = 0; i < 3; i++) {
    REQUIRE(it.session.has_room(10));
    it.session.publish(message_of("t", "123456789"), 1, false, it.now, it.out);
  }
  CHECK_FALSE(it.session.has_room(10));
  Played other(options);
  CHECK(other.session.has_room(100));
  CHECK_FALSE(other.session.has_room(101));
}

TEST_CASE("a message larger than the server takes is refused, and the next one goes") {
  Played it(options_of(Version::v5));
  it.connect("CONNACK code=0 maximum_packet_size=30");
  it.session.publish(message_of("t", std::string(40, 'x')), 1, false, it.now, it.out);
  it.session.publish(message_of("t", "1"), 1, false, it.now, it.out);
  CHECK_FALSE(it.session.publish_unacknowledged(*message_of("t", std::string(40, 'x')), false,
                                                it.now, it.out));
  auto done = it.take<PublishedEvent>();
  REQUIRE(done.size() == 1);
  CHECK(done[0].reason == Reason::packet_too_large);
  CHECK(it.sent() == it.packet("PUBLISH topic=t qos=1 id=2 payload=1"));
}

TEST_CASE("what the server does not offer is not asked of it") {
  Played it(options_of(Version::v5));
  it.connect("CONNACK code=0 maximum_qos=1 retain_available=0");
  it.session.publish(message_of("t", "1"), 2, true, it.now, it.out);
  CHECK(it.sent() == it.packet("PUBLISH topic=t qos=1 id=1 payload=1"));
  it.from_server("PUBACK id=1");
  it.reconnect("CONNACK code=0 maximum_qos=0");
  it.sent();
  it.take<PublishedEvent>();
  it.session.publish(message_of("t", "1"), 2, false, it.now, it.out);
  CHECK(it.sent() == it.packet("PUBLISH topic=t payload=1"));
  CHECK(it.take<PublishedEvent>().size() == 1);
}

TEST_CASE("a server that does not speak MQTT 5 is told apart from other refusals") {
  Played it(options_of(Version::v5));
  it.session.connect(it.now, it.out);
  it.session.consume(bytes_from_hex("20 02 00 01"), it.now, it.out);
  auto ended = it.take<EndedEvent>();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].wrong_version);
  it.session.connection_lost();
  it.session.set_version(Version::v311, false);
  it.out = {};
  it.connect();
  CHECK(it.session.is_connected());
}

TEST_CASE("a refusal says what to do about it") {
  Played old(options_of(Version::v311));
  old.connect("CONNACK code=4");
  auto ended = old.take<EndedEvent>();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].refused);
  CHECK(ended[0].why ==
        "the broker refused: bad user name or password; check user and password, or token");
  Played five(options_of(Version::v5));
  five.connect();
  five.from_server("DISCONNECT reason=142 reason_string=again");
  auto gone = five.take<EndedEvent>();
  REQUIRE(gone.size() == 1);
  CHECK(gone[0].why.find("(again)") != std::string::npos);
  CHECK(gone[0].why.find("its own client_id") != std::string::npos);
}

TEST_CASE(
    "a ping is sent when nothing was heard or said, and a missing answer ends the connection") {
  for (Version version : kBoth) {
    Played it(options_of(version));
    it.connect();
    CHECK(it.session.deadline_ms() == it.now.ms + 45'000);
    it.now.ms += 30'000;
    it.session.publish_unacknowledged(*message_of("t", "1"), false, it.now, it.out);
    it.now.ms += 15'000;
    it.sent();
    it.session.on_time(it.now, it.out);  // it said something, but heard nothing
    CHECK(it.sent() == it.packet("PINGREQ"));
    it.from_server("PINGRESP");
    CHECK(it.session.deadline_ms() == it.now.ms + 45'000);
    it.now.ms += 45'000;
    it.session.on_time(it.now, it.out);
    it.now.ms += 9'999;
    it.session.on_time(it.now, it.out);
    CHECK(it.take<EndedEvent>().empty());
    it.now.ms += 1;
    it.session.on_time(it.now, it.out);
    CHECK(it.take<EndedEvent>().size() == 1);
    CHECK(it.session.deadline_ms() == INT64_MAX);
  }
}

TEST_CASE("the server's keep-alive is in force, and 0 means none") {
  Played it(options_of(Version::v5));
  it.connect("CONNACK code=0 server_keep_alive=8");
  CHECK(it.session.deadline_ms() == it.now.ms + 6'000);
  it.reconnect("CONNACK code=0 server_keep_alive=0");
  CHECK(it.session.deadline_ms() == INT64_MAX);
}

TEST_CASE("a publish beyond the size limit is passed over, acknowledged, and the next one read") {
  ClientOptions options = options_of(Version::v311);
  options.packet_bytes_max = 64;
  Played it(options);
  it.connect();
  it.from_server("PUBLISH topic=large qos=1 id=3 payload_size=5000");
  it.from_server("PUBLISH topic=small qos=1 id=4 payload=1");
  auto unusable = it.take<UnusableEvent>();
  REQUIRE(unusable.size() == 1);
  CHECK(unusable[0].topic == "large");
  CHECK(it.take<ReceivedEvent>().size() == 1);
  CHECK(it.sent() == it.packet("PUBACK id=3"));
}

TEST_CASE("a topic that weir does not take is refused and does not end the connection") {
  for (Version version : kBoth) {
    Played it(options_of(version));
    it.connect();
    std::string deep = "a";
    for (int i = 0; i < 201; i++) deep += "/a";
    it.from_server("PUBLISH topic=" + deep + " qos=1 id=3 payload=1");
    CHECK(it.take<UnusableEvent>().size() == 1);
    CHECK(it.sent() ==
          it.packet(version == Version::v5 ? "PUBACK id=3 reason=144" : "PUBACK id=3"));
    CHECK(it.session.is_connected());
  }
}

TEST_CASE("topic aliases of the server are resolved and end with the connection") {
  Played it(options_of(Version::v5));
  it.connect();
  it.from_server("PUBLISH topic=long/topic topic_alias=32 payload=1");
  it.from_server("PUBLISH topic= topic_alias=32 payload=2");
  auto received = it.take<ReceivedEvent>();
  REQUIRE(received.size() == 2);
  CHECK(received[1].message->topic == "long/topic");
  it.reconnect("CONNACK code=0 present=1");
  it.from_server("PUBLISH topic= topic_alias=32 payload=2");
  CHECK(it.sent() == it.packet("DISCONNECT reason=130"));
  CHECK(it.take<EndedEvent>().size() == 1);
}

TEST_CASE("a server that exceeds the receive maximum is borne with") {
  ClientOptions options = options_of(Version::v5);
  options.receive_maximum = 1;
  Played it(options);
  it.connect();
  it.from_server("PUBLISH topic=a qos=1 id=1 payload=1");
  it.from_server("PUBLISH topic=a qos=1 id=2 payload=1");
  CHECK(it.sent().empty());
  CHECK(it.take<ReceivedEvent>().size() == 2);
}

TEST_CASE("a server that uses more messages than there are identifiers is disconnected") {
  Played it(options_of(Version::v5));
  it.connect();
  for (int i = 1; i <= 65535; i++) {
    it.from_server("PUBLISH topic=a qos=1 id=" + std::to_string(i) + " payload=1");
  }
  CHECK(it.sent().empty());
  it.from_server("PUBLISH topic=a qos=1 id=1 payload=1");
  CHECK(it.sent() == it.packet("DISCONNECT reason=147"));
}

TEST_CASE("a peer that is no broker is seen for what it is") {
  Played it(options_of(Version::v5));
  it.session.connect(it.now, it.out);
  it.session.consume("HTTP/1.1 400 Bad Request\r\n\r\n", it.now, it.out);
  auto ended = it.take<EndedEvent>();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].why.find("is this an MQTT broker?") != std::string::npos);
}

TEST_CASE("leaving keeps the session, or ends it") {
  Played it(options_of(Version::v5));
  it.connect();
  it.session.disconnect(false, it.out);
  CHECK(it.sent() == it.packet("DISCONNECT"));
  Played gone(options_of(Version::v5));
  gone.connect();
  gone.session.disconnect(true, gone.out);
  CHECK(gone.sent() == gone.packet("DISCONNECT reason=0 session_expiry=0"));
}

TEST_CASE("packets of a server with any bit flipped or cut at any byte do no harm") {
  for (Version version : kBoth) {
    int number = static_cast<int>(version);
    std::string stream;
    for (const char* line : {"CONNACK code=0 receive_maximum=3", "SUBACK id=1 codes=1",
                             "PUBLISH topic=a/b qos=1 id=3 message_expiry=9 user=a:b payload=hi",
                             "PUBLISH topic=a qos=2 id=4 payload=x", "PUBREL id=4", "PUBACK id=2",
                             "PINGRESP", "DISCONNECT reason=139"}) {
      stream += assemble_packet(line, number);
    }
    for (size_t bit = 0; bit < stream.size() * 8; bit++) {
      ClientOptions options = options_of(version);
      options.subscriptions = {{"a", {.qos = 1}}};
      Played it(options);
      it.session.connect(it.now, it.out);
      std::vector<char> exact(stream.begin(), stream.end());
      exact[bit / 8] = static_cast<char>(exact[bit / 8] ^ (1 << (bit % 8)));
      it.session.consume({exact.data(), exact.size()}, it.now, it.out);
      it.session.publish(message_of("t", "1"), 1, false, it.now, it.out);
      it.session.connection_lost();
    }
  }
}

}  // namespace
}  // namespace weir::mqtt
