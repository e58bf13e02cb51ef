// What one client, known or not, can make the broker hold or do.
#include <doctest/doctest.h>

#include "base/fault_file_system.h"
#include "base/log.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/fake_net.h"
#include "mqtt/hub.h"
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

}  // namespace
}  // namespace weir::mqtt
