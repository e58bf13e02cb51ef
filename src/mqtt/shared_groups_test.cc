// Shared subscriptions under a random crowd of members, on fake streams and a fake clock.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "base/log.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/fake_net.h"
#include "mqtt/packet.h"
#include "mqtt/packet_notation_test.h"

namespace weir::mqtt {
namespace {

constexpr const char* kFilter = "$share/crew/work/+";

// One client identifier: connects and leaves again, acknowledges some of what it gets.
struct Member {
  std::string id;
  std::unique_ptr<FakePeer> peer;  // null while it is away
  bool is_kept = false;            // its session outlives its connection
  std::string in;
  std::vector<Publish> unanswered;
  std::vector<std::string> payloads;  // of `unanswered`
  size_t got = 0;
};

class Crew {
 public:
  explicit Crew(unsigned seed) : random_(seed), loops_(3) {
    log::set_level(log::Level::warn);
    BrokerOptions options;
    options.queued_messages_max = 100'000;
    hub_ = std::make_shared<Hub>(loops_.clock, options, std::vector<PublishSink*>{});
    hub_->add_threads(loops_.all());
    publisher_ = connect("CONNECT clean client_id=publisher", 0);
    publisher_->received().clear();
    for (int i = 0; i < 6; i++) members.emplace_back().id = "member" + std::to_string(i);
  }
  ~Crew() {
    hub_->stopping = true;
    for (auto& thread : hub_->threads) thread->close_all();
    loops_.run();
  }

  unsigned chance(size_t below) { return static_cast<unsigned>(random_() % below); }

  void come(Member& member) {
    if (member.peer) return;
    member.is_kept = chance(2) == 0;
    std::string hello = "CONNECT client_id=" + member.id +
                        " receive_maximum=" + std::to_string(1 + chance(5)) +
                        (member.is_kept ? " session_expiry=1000" : " clean session_expiry=0");
    member.peer = connect(hello, chance(3));
    say(member, std::string("SUBSCRIBE id=1 filter=") + kFilter + " qos=1");
  }
  void go(Member& member) {
    if (!member.peer) return;
    take(member);
    if (chance(2) == 0) say(member, "DISCONNECT");
    member.peer->vanish();
    loops_.run();
    member.peer.reset();
    member.in.clear();
    member.unanswered.clear();
    member.payloads.clear();
  }
  void unsubscribe(Member& member) {
    if (member.peer) say(member, std::string("UNSUBSCRIBE id=2 filter=") + kFilter);
  }
  void subscribe(Member& member) {
    if (member.peer) say(member, std::string("SUBSCRIBE id=1 filter=") + kFilter + " qos=1");
  }
  // Reads what has come, and acknowledges about so many of a hundred.
  void answer(Member& member, unsigned percent) {
    if (!member.peer) return;
    take(member);
    std::string bytes;
    for (size_t i = 0; i < member.unanswered.size();) {
      if (chance(100) >= percent) {
        i++;
        continue;
      }
      encode_ack(PacketType::puback, member.unanswered[i].packet_id, Reason::success, Version::v5,
                 bytes);
      finished[member.payloads[i]]++;
      member.unanswered.erase(member.unanswered.begin() + static_cast<ptrdiff_t>(i));
      member.payloads.erase(member.payloads.begin() + static_cast<ptrdiff_t>(i));
    }
    member.peer->send(bytes);
    loops_.run();
  }
  void publish(unsigned qos) {
    std::string payload = std::to_string(published.size()), extra;
    if (qos > 0) extra = " qos=1 id=1";
    published.push_back(payload);
    publisher_->send(assemble_packet(
        "PUBLISH topic=work/" + std::to_string(chance(3)) + " payload=" + payload + extra, 5));
    loops_.run();
    publisher_->received().clear();
  }

  std::vector<Member> members;
  std::vector<std::string> published;
  std::map<std::string, int> finished;  // payload -> how often it was acknowledged

 private:
  std::unique_ptr<FakePeer> connect(const std::string& hello, size_t thread) {
    auto peer = std::make_unique<FakePeer>(*loops_.threads[thread]);
    hub_->threads[thread]->adopt(peer->make_stream(), std::make_shared<ListenerPolicy>());
    peer->send(assemble_packet(hello, 5));
    loops_.run();
    return peer;
  }
  void say(Member& member, const std::string& packet) {
    member.peer->send(assemble_packet(packet, 5));
    loops_.run();
  }
  void take(Member& member) {
    member.in += std::exchange(member.peer->received(), {});
    size_t used = 0;
    Frame frame;
    while (cut_frame(std::string_view(member.in).substr(used), 1 << 20, frame) == Cut::complete) {
      used += frame.size_bytes;
      if (frame.type != PacketType::publish) continue;
      Publish packet;
      REQUIRE_FALSE(decode_publish(frame, Version::v5, packet));
      member.got++;
      if (packet.qos == 0) {
        finished[std::string(packet.payload)]++;
      } else {
        member.payloads.emplace_back(packet.payload);
        member.unanswered.push_back(packet);
      }
    }
    member.in.erase(0, used);
  }

  std::mt19937 random_;
  FakeLoops loops_;
  std::shared_ptr<Hub> hub_;
  std::unique_ptr<FakePeer> publisher_;
};

TEST_CASE("members that come and go finish every message of the group exactly once") {
  for (unsigned seed = 1; seed <= 30; seed++) {
    CAPTURE(seed);
    Crew crew(seed);
    // One member stays, or a message might find nobody.
    Member& anchor = crew.members[0];
    crew.come(anchor);
    for (int step = 0; step < 400; step++) {
      Member& member = crew.members[1 + crew.chance(crew.members.size() - 1)];
      switch (crew.chance(10)) {
        case 0:
          crew.come(member);
          break;
        case 1:
          crew.go(member);
          break;
        case 2:
          crew.chance(3) == 0 ? crew.unsubscribe(member) : crew.subscribe(member);
          break;
        case 3:
          crew.answer(anchor, 50);
          break;
        case 4:
        case 5:
          crew.answer(member, 60);
          break;
        default:
          crew.publish(1);
      }
    }
    // All come to rest: what nobody has acknowledged goes round until somebody does.
    for (int round = 0; round < 200; round++) {
      for (Member& member : crew.members) crew.answer(member, 100);
      for (size_t i = 1; i < crew.members.size(); i++) {
        crew.come(crew.members[i]);
        crew.answer(crew.members[i], 100);
      }
      if (crew.finished.size() == crew.published.size()) break;
    }
    for (const std::string& payload : crew.published) {
      CAPTURE(payload);
      REQUIRE(crew.finished[payload] == 1);
    }
  }
}

TEST_CASE("members who keep up get equal shares, whatever threads they are on") {
  Crew crew(5);
  for (Member& member : crew.members) crew.come(member);
  for (int i = 0; i < 600; i++) {
    crew.publish(static_cast<unsigned>(i % 2));
    for (Member& member : crew.members) crew.answer(member, 100);
  }
  CHECK(crew.finished.size() == 600);
  for (Member& member : crew.members) CHECK(member.got == 100);
}

TEST_CASE("one who is away leaves no gap in the turns of the others") {
  Crew crew(6);
  for (Member& member : crew.members) crew.come(member);
  crew.go(crew.members[2]);
  crew.go(crew.members[3]);
  for (Member& member : crew.members) member.got = 0;
  for (int i = 0; i < 400; i++) {
    crew.publish(1);
    for (Member& member : crew.members) crew.answer(member, 100);
  }
  for (Member& member : crew.members) CHECK(member.got == (member.peer ? 100 : 0));
}

}  // namespace
}  // namespace weir::mqtt
