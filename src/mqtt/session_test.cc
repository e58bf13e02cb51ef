#include "mqtt/session.h"

#include <doctest/doctest.h>

#include "mqtt/packet_notation_test.h"

namespace weir::mqtt {
namespace {

class TextWire final : public Wire {
 public:
  void write(std::string_view bytes) override { sent.append(bytes); }
  void write_shared(std::shared_ptr<const std::string> bytes) override {
    shared++;
    sent.append(*bytes);
  }
  size_t unsent_bytes() const override { return unsent; }
  std::string take() { return std::exchange(sent, {}); }

  std::string sent;
  size_t unsent = 0;
  int shared = 0;
};

MessagePtr make_message(std::string topic, std::string payload, uint8_t qos) {
  auto message = std::make_shared<Message>();
  message->topic = std::move(topic);
  message->payload = std::move(payload);
  message->qos = qos;
  return message;
}

struct Setting {
  QueueBudget budget{1 << 20};
  RetainedStore retained{10'000, 1 << 20};
  std::shared_ptr<Receiver> receiver = std::make_shared<Receiver>("r", 0);
  SessionLimits limits;
  TextWire wire;
  Outgoing outgoing;
  Grant grant{1, false, {}};

  void deliver(Session& session, MessagePtr message, size_t receivers = 1) {
    outgoing.start(std::move(message), {}, receivers);
    session.deliver(outgoing, grant);
  }
};

TEST_CASE("packet identifiers go round without 0 and without one that is in flight") {
  Setting s;
  Session session(s.receiver, s.limits, s.budget, s.retained);
  session.attach({&s.wire}, {});
  s.deliver(session, make_message("t", "stays", 1));
  uint16_t first = 1;  // the first identifier given
  CHECK(session.is_in_flight(first));
  for (uint32_t i = 0; i < 70'000; i++) {
    s.deliver(session, make_message("t", "x", 1));
    Frame frame;
    Publish packet;
    std::string sent = s.wire.take();
    if (i == 0) sent = sent.substr(sent.size() / 2 + 2);  // behind the first message
    REQUIRE(cut_frame(sent, 1000, frame) == Cut::complete);
    REQUIRE_FALSE(decode_publish(frame, Version::v311, packet));
    REQUIRE(packet.packet_id != 0);
    REQUIRE(packet.packet_id != first);
    session.on_answer(PacketType::puback, packet.packet_id, Reason::success);
    REQUIRE(session.queued() == 1);
  }
}

TEST_CASE("a large message to several receivers is one block") {
  Setting s;
  s.grant.qos = 0;
  Session one(s.receiver, s.limits, s.budget, s.retained);
  Session two(s.receiver, s.limits, s.budget, s.retained);
  one.attach({&s.wire}, {});
  two.attach({&s.wire}, {});
  s.outgoing.start(make_message("t", std::string(3000, 'x'), 0), {}, 2);
  one.deliver(s.outgoing, s.grant);
  two.deliver(s.outgoing, s.grant);
  std::string packet = assemble_packet("PUBLISH topic=t payload_size=3000", 4);
  CHECK(s.wire.shared == 2);
  CHECK(s.wire.sent == packet + packet);
}

TEST_CASE("a message that no packet can hold is left out, the next one comes") {
  Setting s;
  s.limits.queued_bytes_max = 1 << 30;
  QueueBudget budget(1 << 30);
  Session session(s.receiver, s.limits, budget, s.retained);
  session.attach({&s.wire}, {});
  for (uint8_t qos = 0; qos < 2; qos++) {
    s.grant.qos = qos;
    s.deliver(session, make_message("t", std::string(Session::kDeliverableBytesMax, 'x'), qos));
  }
  CHECK(s.wire.take().empty());
  CHECK(session.queued() == 0);
  s.grant.qos = 0;
  s.deliver(session, make_message("t", "x", 0));
  CHECK(s.wire.take() == assemble_packet("PUBLISH topic=t payload=x", 4));
}

TEST_CASE("the budget of all queues bounds each, and an ended session gives back its share") {
  Setting s;
  QueueBudget small(2000);
  {
    Session session(s.receiver, s.limits, small, s.retained);
    for (int i = 0; i < 100; i++) s.deliver(session, make_message("t", std::string(100, 'x'), 1));
    CHECK(session.queued() > 0);
    CHECK(session.queued() < 20);
    CHECK(s.receiver->details.lock()->dropped_for(DropReason::budget) == 100 - session.queued());
    CHECK(small.bytes_used > 0);
  }
  CHECK(small.bytes_used == 0);
}

TEST_CASE("a large retained store is fed in portions, only as fast as the wire takes it") {
  Setting s;
  for (int i = 0; i < 5000; i++) {
    CHECK(s.retained.store(make_message("t/" + std::to_string(i), std::string(100, 'x'), 0)));
  }
  Session session(s.receiver, s.limits, s.budget, s.retained);
  session.attach({&s.wire}, {});
  session.replay("#", Subscription{}, s.retained.version());
  s.wire.unsent = Session::kReplayUnsentBytesMax + 1;
  CHECK_FALSE(session.pump({}));  // the wire will tell
  CHECK(s.wire.sent.empty());
  s.wire.unsent = 0;
  // One message is replaced meanwhile: its successor goes out live, the old one not at all.
  CHECK(s.retained.store(make_message("t/4999", "new", 0)));
  int turns = 1;
  while (session.pump({})) turns++;
  CHECK(turns == 3);
  CHECK(s.receiver->messages_out == 4999);
}

TEST_CASE("a subscription made again and again is looked up once, and in bounded steps") {
  Setting s;
  for (int i = 0; i < 9000; i++) {
    CHECK(s.retained.store(make_message("t/" + std::to_string(i), "x", 0)));
  }
  Session session(s.receiver, s.limits, s.budget, s.retained);
  session.attach({&s.wire}, {});
  for (int i = 0; i < 100; i++) session.replay("#", Subscription{}, s.retained.version());
  for (int i = 0; i < 500; i++) {
    session.replay("+/nothing-" + std::to_string(i), Subscription{}, s.retained.version());
  }
  session.replay("t/1", Subscription{}, s.retained.version());
  CHECK(session.pump({}));
  CHECK(s.receiver->messages_out <= Session::kReplayLooksMax);
  session.cancel_replay("+/nothing-7");
  int turns = 1;
  while (session.pump({})) turns++;
  CHECK(turns > 1000);
  CHECK(s.receiver->messages_out == 9001);  // "#" once, and "t/1"
}

TEST_CASE("retained messages still to come follow their subscription as it is now") {
  Setting s;
  for (int i = 0; i < 3; i++) {
    CHECK(s.retained.store(make_message("t/" + std::to_string(i), "x", 1)));
  }
  Session session(s.receiver, s.limits, s.budget, s.retained);
  session.attach({.wire = &s.wire, .receive_maximum = 1}, {});
  session.replay("t/+", {.options = {.qos = 1}}, s.retained.version());
  CHECK_FALSE(session.pump({}));
  CHECK(s.wire.take() == assemble_packet("PUBLISH topic=t/0 qos=1 id=1 retain payload=x", 4));
  session.renew_replay("t/+", {.options = {.qos = 0}});
  session.renew_replay("other", {.options = {.qos = 2}});
  session.on_answer(PacketType::puback, 1, Reason::success);
  while (session.pump({})) {
  }
  CHECK(s.wire.take() == assemble_packet("PUBLISH topic=t/1 retain payload=x", 4) +
                             assemble_packet("PUBLISH topic=t/2 retain payload=x", 4));
}

TEST_CASE("a member of many groups is found in each, until it leaves") {
  Setting s;
  Session session(s.receiver, s.limits, s.budget, s.retained);
  std::vector<SharedGroupPtr> groups;
  for (int i = 0; i < 10'000; i++) {
    groups.push_back(std::make_shared<SharedGroup>("$share/g/" + std::to_string(i)));
    session.join(groups.back());
    session.join(groups.back());
  }
  CHECK(session.groups().size() == groups.size());
  CHECK(session.is_member(*groups[7]));
  CHECK_FALSE(session.is_member(SharedGroup(groups[7]->filter)));  // another of that name
  CHECK(session.leave({groups[7]->filter, "$share/g/none"}) ==
        std::vector<SharedGroupPtr>{groups[7]});
  CHECK_FALSE(session.is_member(*groups[7]));
  CHECK(session.find_group(groups[8]->filter) == groups[8]);
  CHECK(session.groups().size() == groups.size() - 1);
}

TEST_CASE("a retained message whose successor was lost on its way is not passed over") {
  Setting s;
  s.grant.qos = 0;
  CHECK(s.retained.store(make_message("t/1", "old", 0)));
  Session session(s.receiver, s.limits, s.budget, s.retained);
  session.attach({&s.wire}, {});
  session.replay("#", Subscription{}, s.retained.version());
  s.wire.unsent = s.limits.unsent_bytes_max + 1;
  CHECK_FALSE(session.pump({}));
  auto successor = std::make_shared<Message>();
  successor->topic = "t/1";
  successor->payload = "new";
  successor->retain = true;
  CHECK(s.retained.store(successor));
  s.deliver(session, successor);
  CHECK(s.wire.sent.empty());
  s.wire.unsent = 0;
  CHECK_FALSE(session.pump({}));
  CHECK(s.wire.take() == assemble_packet("PUBLISH topic=t/1 retain payload=new", 4));
}

TEST_CASE("what a client that acknowledges nothing is sent is bounded by bytes") {
  Setting s;
  s.limits.queued_bytes_max = 8 << 20;
  QueueBudget budget(1 << 30);
  Session session(s.receiver, s.limits, budget, s.retained);
  session.attach({&s.wire}, {});
  auto message = make_message("t", std::string(1 << 20, 'x'), 1);
  for (int i = 0; i < 200; i++) {
    s.deliver(session, message);
    s.wire.sent.clear();
  }
  CHECK(session.queued() == 64);
  CHECK(budget.bytes_used < 66 << 20);
  session.on_answer(PacketType::puback, 1, Reason::success);
  s.deliver(session, message);
  CHECK(session.queued() == 64);
}

TEST_CASE("a shorter list of messages is retained once the bytes are used up") {
  RetainedStore retained(10, 20);
  CHECK(retained.store(make_message("a", "123456789", 0)));
  CHECK(retained.store(make_message("b", "123456789", 0)));
  CHECK_FALSE(retained.store(make_message("c", "1", 0)));
  CHECK(retained.store(make_message("a", "", 0)));
  CHECK(retained.store(make_message("c", "1", 0)));
  CHECK(retained.size() == 2);
  CHECK(retained.bytes() == 12);
}

TEST_CASE("bounds on bytes count a message's properties, which may be most of it") {
  auto message = std::make_shared<Message>();
  message->topic = "t";
  message->payload = "x";
  message->qos = 1;
  auto properties = std::make_unique<PublishProperties>();
  properties->user_properties.emplace_back("key", std::string(5000, 'v'));
  message->properties = std::move(properties);
  RetainedStore retained(10, 5000);
  CHECK_FALSE(retained.store(message));
  CHECK(retained.bytes() == 0);

  Setting s;
  s.limits.queued_bytes_max = 5000;
  Session session(s.receiver, s.limits, s.budget, s.retained);
  s.deliver(session, message);
  CHECK(session.queued() == 0);
  s.deliver(session, make_message("t", "x", 1));
  CHECK(session.queued() == 1);
}

}  // namespace
}  // namespace weir::mqtt
