#include "mqtt/client.h"

#include <doctest/doctest.h>

#include "base/log.h"
#include "mqtt/consumer.h"
#include "mqtt/fake_net.h"
#include "mqtt/packet_notation_test.h"

namespace weir::mqtt {
namespace {

// Keeps batches until the test says how storing them went.
class HoldingSink final : public PublishSink {
 public:
  void accept(std::span<const MessagePtr> messages, Stored stored) override {
    for (const MessagePtr& message : messages) payloads.push_back(message->payload);
    held.push_back(std::move(stored));
  }
  bool congested() const override { return is_congested; }

  std::vector<std::string> payloads;
  std::vector<Stored> held;
  bool is_congested = false;
};

// A broker played by the test at the other end of each stream that the client dials.
struct Upstream {
  explicit Upstream(ClientOptions options = {}) {
    log::set_level(log::Level::off);
    options.client_id = "c";
    if (options.subscriptions.empty()) options.subscriptions = {{"#", {.qos = 1}}};
    ClientSettings settings;
    settings.name = "broker";
    settings.url = "mqtt://test";
    settings.options = options;
    settings.dial = [this](net::IoThread& io, Dialed done) {
      dials++;
      if (unreachable) return done(Error{Errc::unavailable, "connection refused"});
      peer = std::make_unique<FakePeer>(io);
      done(peer->make_stream());
    };
    consumer = Consumer::make(*loops.threads[0], loops.clock, settings, {&sink},
                              [this](const auto& filters) { remembered = filters; });
    consumer->start();
    loops.run();
  }
  ~Upstream() {
    consumer->client().close();
    loops.run();
    log::set_level(log::Level::info);
  }

  void send(const std::string& line, int version = 5) {
    peer->send(assemble_packet(line, version));
    loops.run();
  }
  std::string received() {
    loops.run();
    return std::exchange(peer->received(), {});
  }
  void accept(bool present = false) {
    received();
    send(present ? "CONNACK code=0 present=1" : "CONNACK code=0");
    if (!present) send("SUBACK id=1 codes=1");
    received();
  }
  // Waits out the pause before the next attempt.
  void wait_for_dial() {
    int before = dials;
    for (int i = 0; i < 1000 && dials == before; i++) loops.advance_ms(100);
    REQUIRE(dials > before);
  }

  FakeLoops loops{1};
  HoldingSink sink;
  std::unique_ptr<FakePeer> peer;
  std::set<std::string> remembered;
  int dials = 0;
  bool unreachable = false;
  std::shared_ptr<Consumer> consumer;
};

TEST_CASE("what is stored is acknowledged upstream, and nothing before") {
  Upstream up;
  up.accept();
  CHECK(up.remembered == std::set<std::string>{"#"});
  up.send("PUBLISH topic=a qos=1 id=1 payload=1");
  up.send("PUBLISH topic=a qos=2 id=2 payload=2");
  up.send("PUBLISH topic=a payload=3");
  CHECK(up.received().empty());
  CHECK(up.sink.payloads == std::vector<std::string>{"1", "2", "3"});
  up.sink.held[1]({});
  CHECK(up.received().empty());
  up.sink.held[0]({});
  CHECK(up.received() == assemble_packet("PUBACK id=1", 5) + assemble_packet("PUBREC id=2", 5));
  CHECK(up.consumer->status().messages_in == 3);
}

TEST_CASE("what could not be stored is asked for again on a new connection") {
  Upstream up;
  up.accept();
  up.send("PUBLISH topic=a qos=1 id=1 payload=1");
  up.send("PUBLISH topic=a qos=2 id=2 payload=2");
  up.sink.held[1](Error{Errc::io, "disk full"});
  CHECK(up.peer->is_closed());
  CHECK(up.consumer->status().last_error.find("disk full") != std::string::npos);
  up.wait_for_dial();
  up.accept(true);
  up.sink.held[0]({});  // too late for the first connection
  CHECK(up.received().empty());
  up.send("PUBLISH topic=a qos=1 id=1 dup payload=1");
  up.send("PUBLISH topic=a qos=2 id=2 dup payload=2");
  CHECK(up.sink.payloads.size() == 4);
  up.sink.held[2]({});
  up.sink.held[3]({});
  CHECK(up.received() == assemble_packet("PUBACK id=1", 5) + assemble_packet("PUBREC id=2", 5));
}

TEST_CASE("a failure to store that belongs to an earlier connection does not end the present one") {
  Upstream up;
  up.accept();
  up.send("PUBLISH topic=a qos=1 id=1 payload=1");
  up.peer->vanish();
  up.wait_for_dial();
  up.accept(true);
  up.sink.held[0](Error{Errc::io, "disk full"});
  CHECK_FALSE(up.peer->is_closed());
}

TEST_CASE("a message sent again while its first copy fails to be stored holds nothing up") {
  Upstream up;
  up.accept();
  up.send("PUBLISH topic=a qos=2 id=5 payload=1");
  up.peer->vanish();
  up.wait_for_dial();
  up.accept(true);
  up.send("PUBLISH topic=a qos=2 id=5 dup payload=1");
  CHECK(up.sink.held.size() == 1);  // the first copy is still being stored
  up.sink.held[0](Error{Errc::io, "disk full"});
  CHECK(up.peer->is_closed());
  up.wait_for_dial();
  up.accept(true);
  up.send("PUBLISH topic=a qos=2 id=5 dup payload=1");
  up.send("PUBLISH topic=a qos=1 id=6 payload=2");
  REQUIRE(up.sink.held.size() == 3);
  up.sink.held[2]({});
  CHECK(up.received().empty());
  up.sink.held[1]({});
  CHECK(up.received() == assemble_packet("PUBREC id=5", 5) + assemble_packet("PUBACK id=6", 5));
}

TEST_CASE("while a sink is congested the broker is read no further") {
  Upstream up;
  up.accept();
  up.sink.is_congested = true;
  up.send("PUBLISH topic=a qos=1 id=1 payload=1");
  CHECK_FALSE(up.peer->is_read());
  up.loops.advance_ms(1000);
  CHECK_FALSE(up.peer->is_read());
  up.sink.is_congested = false;
  up.loops.advance_ms(Consumer::kReliefMs);
  CHECK(up.peer->is_read());
}

TEST_CASE("a long rest for the sinks is not taken for a broker that does not answer") {
  Upstream up;
  up.accept();
  up.sink.is_congested = true;
  up.send("PUBLISH topic=a qos=1 id=1 payload=1");
  up.loops.advance_ms(300'000);
  CHECK(up.consumer->status().connected);
  CHECK(up.received().find(assemble_packet("PINGREQ", 5)) != std::string::npos);
}

TEST_CASE("the pause before the next attempt doubles up to its bound and is spread") {
  Upstream up;
  up.accept();
  up.unreachable = true;
  up.peer->vanish();
  int64_t longest = 500;
  for (int i = 0; i < 12; i++) {
    int64_t from = up.loops.clock.steady_ms();
    int before = up.dials;
    while (up.dials == before) up.loops.advance_ms(1);
    int64_t pause = up.loops.clock.steady_ms() - from;
    CHECK(pause >= longest / 2 - 1);
    CHECK(pause <= longest + 1);
    longest = std::min<int64_t>(60'000, longest * 2);
  }
  CHECK(up.consumer->status().last_error == "connection refused");
  up.unreachable = false;
  up.wait_for_dial();
  up.accept(true);
  CHECK(up.consumer->status().connected);
}

TEST_CASE(
    "a broker that closes in place of a CONNACK is asked after, one that closes later is not") {
  Upstream up;
  up.received();
  up.peer->vanish();
  CHECK(up.consumer->status().last_error ==
        "the broker closed the connection without an answer; does its port want TLS (mqtts://), or "
        "none?");
  Upstream reset;
  reset.received();
  reset.peer->vanish(Error{Errc::unavailable, "read: connection reset by peer"});
  CHECK(reset.consumer->status().last_error == up.consumer->status().last_error);
  Upstream failed;
  failed.received();
  failed.peer->vanish(Error{Errc::io, "TLS handshake: failed"});
  CHECK(failed.consumer->status().last_error == "TLS handshake: failed");
  Upstream later;
  later.accept();
  later.peer->vanish();
  CHECK(later.consumer->status().last_error == "the broker closed the connection");
}

TEST_CASE("a broker that does not speak MQTT 5 is asked in 3.1.1, and no pause is made for it") {
  Upstream up;
  up.received();
  up.peer->send(bytes_from_hex("20 02 00 01"));
  up.loops.run();
  CHECK(up.dials == 2);
  CHECK(up.received() == assemble_packet("CONNECT client_id=c keep_alive=60", 4));
  up.send("CONNACK code=0", 4);
  CHECK(up.consumer->status().protocol_version == 4);
  up.peer->vanish();
  up.wait_for_dial();
  CHECK(up.received() == assemble_packet("CONNECT client_id=c keep_alive=60", 4));
}

TEST_CASE("a broker that just closes on an unknown version is asked in the other one at once") {
  Upstream up;
  for (int round = 0; round < 3; round++) {
    for (int version : {5, 4}) {
      std::string connect = up.received();
      REQUIRE(connect.size() > 8);
      CHECK(int(connect[8]) == version);  // the protocol level
      const int dials = up.dials;
      up.peer->vanish();
      up.loops.run();
      CHECK(up.dials == dials + (version == 5 ? 1 : 0));
    }
    up.wait_for_dial();
  }
}

TEST_CASE("retained copies are marked as replayed") {
  ClientOptions options;
  options.version = Version::v311;
  ClientSession session(options);
  ClientOutput out;
  session.connect({}, out);
  session.consume(assemble_packet("CONNACK code=0", 4) +
                      assemble_packet("PUBLISH topic=a retain payload=1", 4) +
                      assemble_packet("PUBLISH topic=a payload=2", 4),
                  {}, out);
  std::vector<bool> marks;
  for (const ClientEvent& event : out.events) {
    if (auto* one = std::get_if<ReceivedEvent>(&event)) marks.push_back(one->message->replayed);
  }
  CHECK(marks == std::vector<bool>{true, false});
}

TEST_CASE("leaving says DISCONNECT and tries no more") {
  Upstream up;
  up.accept();
  up.consumer->client().close();
  CHECK(up.received() == assemble_packet("DISCONNECT", 5));
  up.loops.advance_ms(200'000);
  CHECK(up.dials == 1);
  CHECK_FALSE(up.consumer->status().connected);
}

}  // namespace
}  // namespace weir::mqtt
