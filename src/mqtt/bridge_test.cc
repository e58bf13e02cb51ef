#include "mqtt/bridge.h"

#include <doctest/doctest.h>

#include "base/log.h"
#include "mqtt/broker_thread.h"
#include "mqtt/fake_net.h"
#include "mqtt/hub.h"
#include "mqtt/packet_notation_test.h"
#include "net/memory_stream.h"

namespace weir::mqtt {
namespace {

TEST_CASE("a bridge's topic lines say what Mosquitto's say") {
  struct Case {
    const char* line;
    bool out, in;
    const char *filter, *local, *remote;
    int qos;
  };
  for (const Case& one : {
           Case{"a/#", true, false, "a/#", "a/#", "a/#", 0},
           Case{"topic a/# both 2 l/ r/", true, true, "a/#", "l/a/#", "r/a/#", 2},
           Case{"in + 1 \"\" r/", false, true, "+", "+", "r/+", 1},
           Case{"out a 2 '' 'r r/'", true, false, "a", "a", "r r/a", 2},
           Case{"out a", true, false, "a", "a", "a", 0},
           Case{"\"\" in 1 here there", false, true, "", "here", "there", 1},
           Case{"\"two words\" out", true, false, "two words", "two words", "two words", 0},
       }) {
    CAPTURE(one.line);
    auto topic = parse_bridge_topic(one.line);
    REQUIRE(topic.ok());
    CHECK(topic->out == one.out);
    CHECK(topic->in == one.in);
    CHECK(topic->filter == one.filter);
    CHECK(topic->local_filter() == one.local);
    CHECK(topic->remote_filter() == one.remote);
    CHECK(topic->qos == one.qos);
  }
  for (const char* wrong : {"", "a sideways", "both a 3", "both a 1 l/ r/ more", "out a# 1",
                            "out a 1 l/+ r/", "out \"\" 1 here", "topic"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_bridge_topic(wrong).ok());
  }
}

TEST_CASE("topics change their prefixes on the way, by the first line that matches") {
  std::vector<BridgeTopic> lines;
  for (const char* line : {"out site/# 1 local/ eu/", "both # 0 \"\" all/", "in cmd 1 do/ \"\""}) {
    lines.push_back(parse_bridge_topic(line).value());
  }
  BridgeTopics topics(lines);
  CHECK(topics.to_remote("local/site/a") == "eu/site/a");
  CHECK(topics.to_remote("other") == "all/other");
  CHECK(topics.to_remote("$SYS/x") == std::nullopt);
  CHECK(topics.to_local("all/a/b") == "a/b");
  CHECK(topics.to_local("cmd") == "do/cmd");
  CHECK(topics.to_local("eu/site/a") == std::nullopt);
}

// The own broker for real, on fake threads; the other one played by the test.
struct Bridged {
  explicit Bridged(const std::vector<const char*>& lines) {
    log::set_level(log::Level::off);
    hub->add_threads(loops.all());
    std::vector<BridgeTopic> topics;
    for (const char* line : lines) topics.push_back(parse_bridge_topic(line).value());
    BridgeSettings settings;
    settings.name = "b";
    settings.own_id = "me";
    settings.topics = BridgeTopics(topics);
    settings.local.name = "own side";
    settings.local.options.client_id = "bridge";
    settings.local.options.session_expiry_s = UINT32_MAX;
    settings.local.dial = [this](net::IoThread& io, Dialed done) {
      auto [client, server] = net::make_memory_streams(io, "bridge b");
      hub->threads[0]->adopt(std::move(server), std::make_shared<ListenerPolicy>());
      done(std::move(client));
    };
    settings.remote.name = "bridge b";
    settings.remote.options.client_id = "c";
    settings.remote.dial = [this](net::IoThread& io, Dialed done) {
      remote = std::make_unique<FakePeer>(io);
      done(remote->make_stream());
    };
    settings.tell_status = [this](bool connected) { status += connected ? '1' : '0'; };
    settings.retained = [this](std::string_view topic) {
      return hub->retained.find(topic, loops.clock.wall_ns());
    };
    settings.remote_status_topic = remote_status;
    bridge = Bridge::make(*loops.threads[0], loops.clock, std::move(settings));
    bridge->start();
    loops.run();
  }
  ~Bridged() {
    bridge->close();
    hub->stopping = true;
    for (auto& thread : hub->threads) thread->close_all();
    loops.run();
    log::set_level(log::Level::info);
  }

  int level() const { return plain ? 4 : 5; }
  // The other broker accepts, with new subscriptions or none.
  void accept(bool present = false, const std::string& suback = "SUBACK id=1 codes=1") {
    send(present ? "CONNACK code=0 present=1" : "CONNACK code=0");
    if (!present && !suback.empty()) send(suback);
    received();
  }
  void send(const std::string& line) {
    remote->send(assemble_packet(line, level()));
    loops.run();
  }
  std::string received() {
    loops.run();
    return std::exchange(remote->received(), {});
  }
  void lose_remote() {
    auto before = std::move(remote);
    before->vanish();
    while (!remote) loops.advance_ms(100);
    received();
  }
  // A client of the own broker.
  FakePeer& own_client(const std::string& id, const std::string& filter = {}) {
    auto& peer = clients.emplace_back(std::make_unique<FakePeer>(*loops.threads[0]));
    hub->threads[0]->adopt(peer->make_stream(), std::make_shared<ListenerPolicy>());
    peer->send(assemble_packet("CONNECT clean client_id=" + id, 5));
    if (!filter.empty()) {
      peer->send(assemble_packet("SUBSCRIBE id=1 filter=" + filter + " qos=1", 5));
    }
    loops.run();
    peer->received().clear();
    return *peer;
  }
  void publish_here(FakePeer& client, const std::string& line) {
    client.send(assemble_packet(line, 5));
    loops.run();
  }
  // MQTT 5, and 3.1.1 with the bridge bit.
  void refuse_newer() {
    for (int attempt = 0; attempt < 2; attempt++) {
      received();
      remote->send(bytes_from_hex("20 02 00 01"));
      loops.run();
    }
    plain = true;
  }
  std::string packet(const std::string& line) const { return assemble_packet(line, level()); }

  static inline std::string remote_status;
  bool plain = false;  // the other side speaks 3.1.1
  FakeLoops loops{1};
  std::shared_ptr<Hub> hub =
      std::make_shared<Hub>(loops.clock, BrokerOptions{}, std::vector<PublishSink*>{});
  std::unique_ptr<FakePeer> remote;
  std::vector<std::unique_ptr<FakePeer>> clients;
  std::string status;
  std::shared_ptr<Bridge> bridge;
};

TEST_CASE("a message goes out under its new name, and is done here when it is done there") {
  Bridged b({"out a/# 1 \"\" r/"});
  CHECK_FALSE(b.bridge->status().subscribed);
  b.accept(false, "");
  CHECK(b.bridge->status().subscribed);
  FakePeer& sensor = b.own_client("sensor");
  b.publish_here(sensor, "PUBLISH topic=a/b qos=1 id=1 retain payload=7");
  CHECK(b.received() ==
        b.packet("PUBLISH topic=r/a/b qos=1 id=1 retain user=weir-bridge-path:me payload=7"));
  CHECK(b.bridge->status().unacknowledged == 1);
  b.send("PUBACK id=1");
  CHECK(b.bridge->status().unacknowledged == 0);
  b.publish_here(sensor, "PUBLISH topic=other qos=1 id=2 payload=7");
  CHECK(b.received().empty());
}

TEST_CASE("a message comes in under its new name, and is acknowledged when the own broker has it") {
  Bridged b({"in a/# 1 l/ \"\""});
  CHECK(b.received().find("SUBSCRIBE") == std::string::npos);
  b.accept();
  FakePeer& reader = b.own_client("reader", "l/#");
  b.send("PUBLISH topic=a/b qos=1 id=9 payload=7");
  CHECK(b.received() == b.packet("PUBACK id=9"));
  CHECK(reader.received() ==
        assemble_packet("PUBLISH topic=l/a/b qos=1 id=1 user=weir-bridge-path:me payload=7", 5));
}

TEST_CASE("what waits for the other broker is kept in the own one's session") {
  Bridged b({"out # 1"});
  b.accept(false, "");
  FakePeer& sensor = b.own_client("sensor");
  b.lose_remote();
  for (int i = 1; i <= 50; i++) {
    b.publish_here(sensor, "PUBLISH topic=t qos=1 id=" + std::to_string(i) + " payload=x");
  }
  b.send("CONNACK code=0 present=1");
  size_t copies = 0;
  for (int round = 0; round < 100 && copies < 50; round++) {
    std::string bytes = b.received();
    std::string_view rest = bytes;
    Frame frame;
    while (cut_frame(rest, 1 << 20, frame) == Cut::complete) {
      Publish packet;
      if (frame.type == PacketType::publish) {
        REQUIRE_FALSE(decode_publish(frame, Version::v5, packet));
        b.send("PUBACK id=" + std::to_string(packet.packet_id));
        copies++;
      }
      rest.remove_prefix(frame.size_bytes);
    }
  }
  CHECK(copies == 50);
  CHECK(b.bridge->status().unacknowledged == 0);
}

TEST_CASE("a message that was not acknowledged before the loss is sent again") {
  Bridged b({"out # 1"});
  b.accept(false, "");
  FakePeer& sensor = b.own_client("sensor");
  b.publish_here(sensor, "PUBLISH topic=t qos=1 id=1 payload=x");
  b.received();
  b.lose_remote();
  b.send("CONNACK code=0 present=1");
  CHECK(b.received() ==
        b.packet("PUBLISH topic=t qos=1 id=1 dup user=weir-bridge-path:me payload=x"));
}

TEST_CASE("a bridge is not given back what it published, at either side") {
  Bridged b({"both # 1"});
  std::string hello = b.received();
  b.accept();
  FakePeer& sensor = b.own_client("sensor");
  b.send("PUBLISH topic=t qos=1 id=1 payload=x");
  CHECK(b.received() == b.packet("PUBACK id=1"));  // and no copy of it
  b.publish_here(sensor, "PUBLISH topic=t qos=1 id=1 payload=y");
  CHECK(b.received() == b.packet("PUBLISH topic=t qos=1 id=2 user=weir-bridge-path:me payload=y"));
}

TEST_CASE("a message that has passed here before ends its way, and one from elsewhere goes on") {
  Bridged b({"both # 1"});
  b.accept();
  b.send("PUBLISH topic=t qos=1 id=1 user=weir-bridge-path:me,you payload=x");
  CHECK(b.received() == b.packet("PUBACK id=1"));
  FakePeer& peer = b.own_client("another-bridge");
  b.publish_here(peer, "PUBLISH topic=t qos=1 id=1 user=weir-bridge-path:me,you payload=x");
  CHECK(b.received().empty());
  b.publish_here(peer, "PUBLISH topic=t qos=1 id=2 user=weir-bridge-path:you payload=x");
  CHECK(b.received() ==
        b.packet("PUBLISH topic=t qos=1 id=2 user=weir-bridge-path:you,me payload=x"));
  // Brought in by another bridge of this weir.
  b.publish_here(peer, "PUBLISH topic=t qos=1 id=3 user=weir-bridge-path:you,me payload=x");
  CHECK_FALSE(b.received().empty());
}

TEST_CASE("a plain 3.1.1 broker gives back what it is sent, and it is left out once") {
  Bridged plain({"both # 1"});
  plain.refuse_newer();
  plain.accept();
  FakePeer& reader = plain.own_client("reader", "#");
  FakePeer& sensor = plain.own_client("sensor");
  plain.publish_here(sensor, "PUBLISH topic=t qos=1 id=1 payload=x");
  CHECK(plain.received() == plain.packet("PUBLISH topic=t qos=1 id=2 payload=x"));
  reader.received().clear();
  plain.send("PUBLISH topic=t qos=1 id=5 payload=x");
  CHECK(plain.received() == plain.packet("PUBACK id=5"));
  CHECK(reader.received().empty());
  plain.send("PUBLISH topic=t qos=1 id=6 payload=x");  // another one's
  CHECK_FALSE(reader.received().empty());
}

TEST_CASE("a refusal that may pass is tried again, one that stays is left out") {
  Bridged b({"out # 1"});
  b.accept(false, "");
  FakePeer& sensor = b.own_client("sensor");
  b.publish_here(sensor, "PUBLISH topic=t qos=1 id=1 payload=x");
  b.received();
  b.send("PUBACK id=1 reason=128");
  CHECK(b.received().empty());
  b.loops.advance_ms(Bridge::kRetryMs);
  CHECK_FALSE(b.received().empty());
  CHECK(b.bridge->status().unacknowledged == 1);
  b.send("PUBACK id=2 reason=135");
  CHECK(b.bridge->status().unacknowledged == 0);
}

TEST_CASE("a retained copy that is known here already is not taken for a new message") {
  Bridged b({"in # 1"});
  b.accept();
  FakePeer& reader = b.own_client("reader", "#");
  b.send("PUBLISH topic=t qos=1 id=1 retain payload=x");
  CHECK_FALSE(reader.received().empty());
  reader.received().clear();
  b.lose_remote();
  b.send("CONNACK code=0");
  b.received();
  b.send("PUBLISH topic=t qos=1 id=1 retain payload=x");
  CHECK(reader.received().empty());
  b.send("PUBLISH topic=t qos=1 id=2 retain payload=y");
  CHECK_FALSE(reader.received().empty());
}

TEST_CASE("a plain 3.1.1 broker gives its retained copies on each connection, known ones in vain") {
  Bridged plain({"in # 1"});
  plain.refuse_newer();
  plain.accept();
  FakePeer& reader = plain.own_client("reader", "#");
  plain.send("PUBLISH topic=t qos=1 id=1 retain payload=x");
  CHECK_FALSE(reader.received().empty());
  reader.received().clear();
  plain.lose_remote();
  plain.send("CONNACK code=0 present=1");
  plain.received();
  plain.send("SUBACK id=2 codes=1");
  plain.send("PUBLISH topic=t qos=1 id=1 retain payload=x");
  CHECK(plain.received() == plain.packet("PUBACK id=1"));
  CHECK(reader.received().empty());
  plain.send("PUBLISH topic=t qos=1 id=2 payload=x");  // a new message of the same value
  CHECK_FALSE(reader.received().empty());
  reader.received().clear();
  plain.send("PUBLISH topic=t qos=1 id=3 retain payload=y");
  CHECK_FALSE(reader.received().empty());
}

TEST_CASE("the status is told here, and there with a will if asked for") {
  Bridged::remote_status = "state/b";
  {
    Bridged b({"out # 1"});
    std::string connect = b.received();
    CHECK(connect.find("state/b") != std::string::npos);  // the will
    b.send("CONNACK code=0");
    CHECK(b.received() == b.packet("PUBLISH topic=state/b retain payload=1"));
    CHECK(b.status == "01");
    b.lose_remote();
    CHECK(b.status == "010");
    b.accept(true);
    b.bridge->close();
    CHECK(b.received() ==
          b.packet("PUBLISH topic=state/b retain payload=0") + b.packet("DISCONNECT"));
    CHECK(b.status == "01010");
  }
  Bridged::remote_status.clear();
}

}  // namespace
}  // namespace weir::mqtt
