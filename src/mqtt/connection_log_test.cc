// What connections make the log say, for whoever has to mend it.
#include <doctest/doctest.h>

#include "base/log_capture_test.h"
#include "mqtt/acl_file.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/fake_net.h"
#include "mqtt/hub.h"
#include "mqtt/metrics.h"
#include "mqtt/packet_notation_test.h"

namespace weir::mqtt {
namespace {

struct Fixture {
  explicit Fixture(const BrokerOptions& options = {}, Authenticate authenticate = nullptr)
      : hub(std::make_shared<Hub>(loops.clock, options, std::vector<PublishSink*>{})),
        policy(std::make_shared<ListenerPolicy>("front door", std::move(authenticate))) {
    hub->add_threads(loops.all());
  }
  ~Fixture() {
    hub->stopping = true;
    for (auto& thread : hub->threads) thread->close_all();
    loops.run();
  }
  FakePeer& open() {
    peers.push_back(std::make_unique<FakePeer>(*loops.threads[0]));
    hub->threads[0]->adopt(peers.back()->make_stream(), policy);
    return *peers.back();
  }
  FakePeer& connect(const std::string& packet, int version = 4) {
    FakePeer& peer = open();
    send(peer, packet, version);
    return peer;
  }
  void send(FakePeer& peer, const std::string& packet, int version = 4) {
    peer.send(assemble_packet(packet, version));
    loops.run();
  }

  FakeLoops loops{1};
  std::shared_ptr<Hub> hub;
  ListenerPolicyPtr policy;
  std::vector<std::unique_ptr<FakePeer>> peers;
};

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) found++;
  return found;
}

TEST_CASE("a refused publish is logged with its topic and why, once for a connection") {
  auto list = AclFile::parse("topic write in/#\ntopic deny in/safe/#\n", "the list").value();
  Fixture f({}, [&](const Credentials& who, const auto& done) {
    done(Identity{.user = {}, .topics = list->access_of("", who.client_id)});
  });
  log::LogCapture log;
  const std::string long_topic = "elsewhere/" + std::string(80, 'x');
  struct Case {
    std::string topic, line;
  };
  for (const Case& one :
       {Case{"in/safe/door",
             "a publish to in/safe/door was refused: the list denies it `in/safe/#`"},
        Case{long_topic, "a publish to " + long_topic.substr(0, 64) +
                             "... was refused: no line of the list lets it write there"},
        Case{"$SYS/x",
             "a publish to $SYS/x was refused: topics below $SYS are the server's own"}}) {
    CAPTURE(one.topic);
    CHECK(log.comes("client lamp from 127.0.0.1:50000 at front door: " + one.line, [&] {
      FakePeer& lamp = f.connect("CONNECT client_id=lamp clean");
      f.send(lamp, "PUBLISH topic=" + one.topic + " payload=1");
    }));
  }
  const size_t lines = count(log.text(), "was refused");
  f.send(*f.peers.back(), "PUBLISH topic=other payload=1");
  CHECK(count(log.text(), "was refused") == lines);
}

TEST_CASE("a refused publish that the limit on lines swallowed stands for no other") {
  auto list = AclFile::parse("topic write in/#\n", "the list").value();
  Fixture f({}, [&](const Credentials& who, const auto& done) {
    done(Identity{.user = {}, .topics = list->access_of("", who.client_id)});
  });
  log::LogCapture log;
  for (size_t lines = SIZE_MAX; lines != count(log.text(), "was refused");) {
    lines = count(log.text(), "was refused");
    f.send(f.connect("CONNECT client_id=other clean"), "PUBLISH topic=x payload=1");
  }
  FakePeer& lamp = f.connect("CONNECT client_id=lamp clean");
  CHECK(log.comes("client lamp from 127.0.0.1:50000 at front door: a publish to x was refused",
                  [&] { f.send(lamp, "PUBLISH topic=x payload=1"); }));
}

TEST_CASE("a will that may not be published refuses its client with topic and cause") {
  auto list = AclFile::parse("topic write in/#\n", "the list").value();
  Fixture f({}, [&](const Credentials& who, const auto& done) {
    done(Identity{.user = {}, .topics = list->access_of("", who.client_id)});
  });
  log::LogCapture log;
  CHECK(
      log.comes("client lamp from 127.0.0.1:50000 at front door refused, not authorized: a will "
                "that the client may not publish, to gone: no line of the list lets it write there",
                [&] { f.connect("CONNECT client_id=lamp clean will_topic=gone will_payload=x"); }));
  const uint64_t refused = publishes_refused.value();
  f.connect("CONNECT client_id=lamp clean will_topic=gone will_payload=x");
  CHECK(publishes_refused.value() == refused + 1);
}

TEST_CASE("a refusal names the listener, and a client that has no name yet") {
  Fixture f({}, [](const Credentials&, const auto& done) {
    done(Error{Errc::unauthorized, "for this reason"});
  });
  log::LogCapture log;
  CHECK(
      log.comes("client lamp from 127.0.0.1:50000 at front door refused, bad user name or "
                "password: for this reason",
                [&] { f.connect("CONNECT client_id=lamp clean"); }));
  CHECK(log.comes(
      "client lamp from 127.0.0.1:50000 at front door refused, bad user name or password: for this "
      "reason, user alice" +
          std::string(59, 'x') + "...",
      [&] {
        f.connect("CONNECT client_id=lamp clean username=alice" + std::string(80, 'x') +
                  " password=secret");
      }));
  CHECK(count(log.text(), "secret") == 0);
  CHECK(
      log.comes("mqtt: a client from 127.0.0.1:50000 at front door closed, protocol error: the "
                "first packet is not a CONNECT",
                [&] { f.connect("PINGREQ"); }));
  CHECK(count(log.text(), "client  ") == 0);
}

TEST_CASE("a connection above the most there may be is told of in one line") {
  BrokerOptions options;
  options.connections_max = 1;
  Fixture f(options);
  f.connect("CONNECT client_id=first clean");
  size_t tried = 0;
  log::LogCapture log;
  CHECK(
      log.comes("connection from 127.0.0.1:50000 to front door refused: as many connections as "
                "mqtt.max_connections admits",
                [&] {
                  f.connect("CONNECT client_id=second clean");
                  tried++;
                }));
  CHECK(count(log.text(), "refused") == 1);
  CHECK(count(log.text(), "second") == 0);
  CHECK(tried > 0);
}

}  // namespace
}  // namespace weir::mqtt
