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
  explicit Fixture(const BrokerOptions& options = {})
      : hub(std::make_shared<Hub>(loops.clock, options, std::vector<PublishSink*>{}, nullptr)) {
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

  // The session's home, the first thread, gives it away, behind a barrier of both threads.
  void send_on_its_way() {
    auto run_all = [&] {
      while (loops.threads[0]->run_one()) {
      }
    };
    run_all();
    CHECK(loops.threads[1]->run_one());
    run_all();
  }

  FakeLoops loops{2};
  std::shared_ptr<Hub> hub;
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
  f.send_on_its_way();
  // The connection is over, and not forgotten yet.
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

TEST_CASE("what waits for a session on its way is bounded by bytes, of its own and of all queues") {
  for (bool of_its_own : {true, false}) {
    CAPTURE(of_its_own);
    BrokerOptions options;
    options.queued_messages_max = 0;  // no limit
    options.queued_bytes_max = of_its_own ? 100'000 : 0;
    options.queued_bytes_total_max = of_its_own ? SIZE_MAX : 100'000;
    Fixture f(options);
    FakePeer& first = f.open(0, "CONNECT client_id=c session_expiry=100");
    first.send(assemble_packet("SUBSCRIBE id=1 filter=t qos=1", 5));
    f.loops.run();
    first.vanish();
    f.loops.run();
    f.open(1, "CONNECT client_id=c session_expiry=100 receive_maximum=1");
    f.send_on_its_way();

    auto message = std::make_shared<Message>();
    message->topic = "t";
    message->payload.assign(10'000, 'x');
    message->qos = 1;
    for (int i = 0; i < 100; i++) f.hub->threads[1]->route(message, nullptr, f.hub->now());
    auto held = f.hub->receivers.lock();
    const std::shared_ptr<Receiver> receiver = *held->find("c");
    held.unlock();
    REQUIRE(receiver->home == 1);
    REQUIRE(receiver->session == nullptr);
    const uint64_t dropped = receiver->details.lock()->dropped_for(
        of_its_own ? DropReason::queue_full : DropReason::budget);
    CHECK(dropped >= 89);
    CHECK(dropped <= 91);
    CHECK(f.hub->queues.bytes_used >= 90'000);
    f.loops.run();
    CHECK(receiver->queued_messages + receiver->in_flight_out == 100 - dropped);
  }
}

}  // namespace
}  // namespace weir::mqtt
