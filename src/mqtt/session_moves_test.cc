// What can happen to a session while a claim to it is under way.
#include <doctest/doctest.h>

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
    log::set_level(log::Level::off);
    hub->add_threads(loops.all());
  }
  ~Fixture() {
    hub->stopping = true;
    loops.run();
    log::set_level(log::Level::warn);
  }
  FakePeer& open(size_t thread, const std::string& packet) {
    peers.push_back(std::make_unique<FakePeer>(*loops.threads[thread]));
    hub->threads[thread]->adopt(peers.back()->make_stream(), policy);
    peers.back()->send(assemble_packet(packet, 5));
    return *peers.back();
  }

  FakeLoops loops{2};
  std::shared_ptr<Hub> hub =
      std::make_shared<Hub>(loops.clock, BrokerOptions{}, std::vector<PublishSink*>{}, nullptr);
  ListenerPolicyPtr policy = std::make_shared<ListenerPolicy>("front door");
  std::vector<std::unique_ptr<FakePeer>> peers;
};

TEST_CASE("a connection refused while its session comes to it leaves the session and its will") {
  Fixture f;
  FakePeer& watcher = f.open(0, "CONNECT client_id=watcher clean");
  watcher.send(assemble_packet("SUBSCRIBE id=1 filter=w", 5));
  FakePeer& first = f.open(0,
                           "CONNECT client_id=c session_expiry=100 will_topic=w "
                           "will_payload=gone will.will_delay=10");
  f.loops.run();
  first.vanish();
  f.loops.run();
  watcher.received().clear();

  FakePeer& second = f.open(1, "CONNECT client_id=c session_expiry=100");
  // The session's home gives it away, behind a barrier of both threads.
  auto run_all = [&] {
    while (f.loops.threads[0]->run_one()) {
    }
  };
  run_all();
  CHECK(f.loops.threads[1]->run_one());
  run_all();
  // It is on its way; the connection is over, and not forgotten yet.
  f.hub->threads[1]->find_connection(1)->refuse(Reason::not_authorized, "not admitted any more");
  CHECK(second.is_closed());
  f.loops.run();
  CHECK(watcher.received().empty());
  f.loops.advance_ms(10'000);
  CHECK(watcher.received() == assemble_packet("PUBLISH topic=w payload=gone", 5));

  FakePeer& third = f.open(0, "CONNECT client_id=c session_expiry=100");
  f.loops.run();
  REQUIRE(third.received().size() > 4);
  CHECK(third.received()[2] == 1);  // session present
}

}  // namespace
}  // namespace weir::mqtt
