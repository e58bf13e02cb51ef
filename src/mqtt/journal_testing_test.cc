#include "mqtt/journal_testing_test.h"

#include <fmt/core.h>

#include <map>

namespace weir::mqtt {

std::string image_text(const JournalImage& image) {
  std::string text = fmt::format("next {} {}\n", image.next_session(), image.next_number());
  std::string bytes;
  auto show = [&](const Message& message) {
    Op op;
    op.kind = OpKind::message;
    op.message = MessagePtr(MessagePtr(), &message);  // lent for the call
    bytes.clear();
    encode_op(op, bytes);
    return bytes;
  };
  for (const auto& [key, session] : image.sessions()) {
    text += fmt::format("session {} {} {} {} {} {}\n", key, session.client_id, session.user,
                        session.expiry_s, session.is_connected, session.wall_ns);
    for (const auto& [filter, subscription] : session.subscriptions) {
      const SubscriptionOptions& options = subscription.options;
      text +=
          fmt::format("  {} {} {} {} {} {}\n", filter, options.qos, options.no_local,
                      options.retain_as_published, int(options.retain_handling), subscription.id);
    }
    for (uint16_t id : session.received) text += fmt::format("  received {}\n", id);
    if (session.will) {
      text += fmt::format("  will {} {}\n", session.will->delay_s, show(*session.will->message));
    }
  }
  for (const auto& [number, entry] : image.entries()) {
    std::map<uint64_t, const JournalImage::Delivery*> open;
    for (const JournalImage::Delivery& one : entry.deliveries) {
      if (!one.done && image.sessions().contains(one.session)) open[one.session] = &one;
    }
    if (open.empty()) continue;
    text += fmt::format("message {} {}\n", number, show(*entry.message));
    for (const auto& [key, one] : open) {
      text += fmt::format("  to {} {} {} {} {}", key, one->qos, one->retain, int(one->state),
                          one->state == DeliveryState::waiting ? 0 : one->packet_id);
      if (one->details) {
        for (uint32_t id : one->details->ids) text += fmt::format(" {}", id);
      }
      text += "\n";
    }
  }
  for (const auto& [topic, message] : image.retained()) text += "retained " + show(*message) + "\n";
  return text;
}

MessagePtr RandomOps::message() {
  auto made = std::make_shared<Message>();
  made->topic = "t/" + std::to_string(below(6));
  made->payload = std::string(below(40), static_cast<char>('a' + below(26)));
  made->qos = static_cast<uint8_t>(below(3));
  made->retain = below(2) == 0;
  made->client_id = "publisher";
  made->received_ns = static_cast<int64_t>(below(1000)) - 500;
  if (below(4) != 0) return made;
  auto more = std::make_unique<PublishProperties>();
  if (below(2) == 0) more->payload_format_indicator = static_cast<uint8_t>(below(2));
  if (below(2) == 0) more->message_expiry_s = static_cast<uint32_t>(below(100'000));
  if (below(2) == 0) more->content_type = "text";
  if (below(2) == 0) more->user_properties = {{"a", "b"}, {"", "c"}};
  if (below(2) == 0) more->correlation_data = std::string(3, '\0');
  made->properties = std::move(more);
  return made;
}

Op RandomOps::of_session(OpKind kind) {
  Op op;
  op.kind = kind;
  op.session = sessions_[below(sessions_.size())];
  return op;
}

// A message for some sessions, perhaps retained; some of them may have ended meanwhile.
void RandomOps::add_message(std::vector<Op>& ops) {
  Op op;
  op.kind = OpKind::message;
  op.message = message();
  op.number = next_number_++;
  ops.push_back(op);
  if (below(4) == 0) {
    Op retained;
    retained.kind = OpKind::retained;
    ops.push_back(retained);
  }
  size_t many = below(20) == 0 ? 60 : 3;
  for (size_t i = 0; i < below(many); i++) {
    Op queued = of_session(OpKind::queued);
    bool is_there = false;  // a session is told of a message once
    for (const Op& one : ops) {
      is_there = is_there || (one.kind == OpKind::queued && one.session == queued.session &&
                              one.number == op.number);
    }
    if (is_there) continue;
    queued.number = op.number;  // not written; for the look above
    queued.qos = static_cast<uint8_t>(1 + below(2));
    queued.retain = below(2) == 0;
    if (below(3) == 0) {
      auto details = std::make_shared<OpDetails>();
      details->ids = {static_cast<uint32_t>(1 + below(200'000)), 7};
      queued.details = std::move(details);
    }
    open_.emplace_back(queued.session, op.number);
    ops.push_back(queued);
  }
}

void RandomOps::add_step(std::vector<Op>& ops) {
  constexpr OpKind kKinds[] = {OpKind::subscribed,   OpKind::unsubscribed, OpKind::connected,
                               OpKind::disconnected, OpKind::received,     OpKind::receive_done,
                               OpKind::will,         OpKind::will_gone};
  Op op = of_session(kKinds[below(std::size(kKinds))]);
  op.packet_id = static_cast<uint16_t>(1 + below(5));
  op.seconds = static_cast<uint32_t>(below(1000));
  op.wall_ns = static_cast<int64_t>(below(1'000'000));
  if (op.kind == OpKind::subscribed || op.kind == OpKind::unsubscribed) {
    auto details = std::make_shared<OpDetails>();
    details->name = "f/" + std::to_string(below(4)) + "/#";
    details->subscription = {{static_cast<uint8_t>(below(3)), below(2) == 0, below(2) == 0,
                              static_cast<RetainHandling>(below(3))},
                             static_cast<uint32_t>(below(3))};
    op.details = std::move(details);
  }
  if (op.kind == OpKind::will) {
    Op spoken;
    spoken.kind = OpKind::message;
    spoken.message = message();
    ops.push_back(spoken);
  }
  ops.push_back(op);
}

std::vector<Op> RandomOps::batch() {
  std::vector<Op> ops;
  for (size_t steps = 1 + below(6); steps > 0; steps--) {
    size_t what = below(12);
    if (sessions_.empty() || what == 0) {
      Op op;
      op.kind = OpKind::session;
      op.session = next_session_++;
      auto details = std::make_shared<OpDetails>();
      details->name = "client " + std::to_string(op.session);
      details->user = below(2) == 0 ? "" : "user";
      op.details = std::move(details);
      op.is_connected = below(2) == 0;
      op.seconds = UINT32_MAX;
      op.wall_ns = -1;
      sessions_.push_back(op.session);
      ops.push_back(op);
    } else if (what == 1 && sessions_.size() > 5) {
      ops.push_back(of_session(OpKind::ended));
      std::erase(sessions_, ops.back().session);
    } else if (what < 6) {
      add_message(ops);
    } else if (what < 10 && !open_.empty()) {
      size_t at = below(open_.size());
      Op op;
      std::tie(op.session, op.number) = open_[at];
      size_t how = below(4);
      op.kind = how == 0 ? OpKind::sent : how == 1 ? OpKind::released : OpKind::done;
      if (op.kind == OpKind::sent) op.packet_id = static_cast<uint16_t>(1 + below(65'535));
      if (op.kind == OpKind::done) open_.erase(open_.begin() + static_cast<ptrdiff_t>(at));
      ops.push_back(op);
    } else if (what == 10) {
      Op op;
      op.kind = OpKind::cleared;
      auto details = std::make_shared<OpDetails>();
      details->name = "t/" + std::to_string(below(6));
      op.details = std::move(details);
      ops.push_back(op);
    } else {
      add_step(ops);
    }
  }
  return ops;
}

}  // namespace weir::mqtt
