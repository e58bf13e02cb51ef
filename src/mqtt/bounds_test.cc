// What one client, known or not, can make the broker hold or do.
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
  explicit Fixture(BrokerOptions options = {}) {
    log::set_level(log::Level::off);
    hub = std::make_shared<Hub>(loops.clock, std::move(options), std::vector<PublishSink*>{});
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

}  // namespace
}  // namespace weir::mqtt
