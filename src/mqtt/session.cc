#include "mqtt/session.h"

#include <algorithm>

#include "base/assert.h"
#include "mqtt/metrics.h"

namespace weir::mqtt {

Session::Session(std::shared_ptr<Receiver> receiver, const SessionLimits& limits,
                 QueueBudget& budget, const RetainedStore& retained)
    : receiver_(std::move(receiver)),
      limits_(limits),
      budget_(budget),
      subscriptions_share_(budget.subscription_bytes),
      retained_(retained) {
  subscriptions_share_.set(base_bytes());
}

// A filter's text, here and in the tree, and its nodes and entries there.
static size_t cost_of(std::string_view filter) {
  constexpr size_t kLevelBytes = 100, kEntryBytes = 150;
  auto levels = static_cast<size_t>(std::count(filter.begin(), filter.end(), '/')) + 1;
  return kEntryBytes + 2 * filter.size() + kLevelBytes * levels;
}

bool Session::has_room_for(std::string_view filter) const {
  if (subscriptions.contains(filter)) return true;
  size_t cost = cost_of(filter);
  size_t bytes = subscriptions_share_.bytes() + cost;
  if (bytes > kSubscriptionBytesMax) return false;
  return bytes <= kSubscriptionBytesFree ||
         budget_.subscription_bytes + cost <= kSubscriptionBytesTotalMax;
}

void Session::keep_subscription(const std::string& filter, const Subscription& subscription) {
  bool is_new = subscriptions.insert_or_assign(filter, subscription).second;
  if (is_new) subscriptions_share_.set(subscriptions_share_.bytes() + cost_of(filter));
}

bool Session::drop_subscription(const std::string& filter) {
  if (subscriptions.erase(filter) == 0) return false;
  subscriptions_share_.set(subscriptions_share_.bytes() - cost_of(filter));
  return true;
}

void Session::count_subscriptions() {
  size_t bytes = base_bytes();
  for (const auto& [filter, subscription] : subscriptions) bytes += cost_of(filter);
  subscriptions_share_.set(bytes);
}

void Session::set_will(Will will) {
  size_t bytes = text_bytes(*will.message) + sizeof(Message);
  will_.reset(new HeldWill{std::move(will), Share(budget_.bytes_used)});
  will_->share.set(bytes);
}
std::optional<Will> Session::take_will() {
  std::unique_ptr<HeldWill> held = std::move(will_);
  if (!held) return std::nullopt;
  return std::move(held->will);
}

Session::~Session() {
  for (const InFlight& sent : in_flight_) {
    if (!sent.is_released) let_go(sent.delivery);
  }
  for (const Delivery& delivery : queue_) let_go(delivery);
}

void Session::attach(const Attachment& attachment, Now now) {
  to_ = attachment;
  window_ = std::min<uint32_t>(attachment.receive_maximum, kInFlightMax);
  aliases_.reset();
  if (attachment.topic_alias_maximum > 0) {
    aliases_ = std::make_unique<TopicAliases>(attachment.topic_alias_maximum);
  }
  unsent_ = static_cast<uint32_t>(in_flight_.size());
  for (InFlight& sent : in_flight_) sent.on_wire = false;
  // An answer may rely on a step of the connection before that is not durable yet.
  if (journal_key() != 0 && !journal_->is_failed()) hold_until(journal_->touch());
  send_waiting(now);
  update_room();
}

void Session::detach() {
  to_ = {};
  window_ = 0;
  aliases_.reset();
  if (replay_) replay_->connection_ended();
  update_room();
}

void Session::deliver(Outgoing& outgoing, const Grant& grant) {
  const Message& message = *outgoing.message();
  bool retain = grant.retain_as_published && message.retain;
  uint8_t qos = std::min(message.qos, grant.qos);
  if (qos == 0) {
    send_qos_0(outgoing, grant, retain);
  } else {
    Delivery delivery{outgoing.message(), qos, retain, grant.ids, grant.group};
    if (journal_key() != 0) delivery.number = outgoing.number();
    if (queue_.empty() && has_room_in_flight() && !must_wait_for_good(delivery)) {
      send_in_flight(std::move(delivery), &outgoing, outgoing.now());
    } else {
      enqueue(std::move(delivery));
    }
  }
  update_room();
}

void Session::send_qos_0(Outgoing& outgoing, const Grant& grant, bool retain) {
  if (to_.wire == nullptr) return;
  if (to_.wire->unsent_bytes() > limits_.unsent_bytes_max) {
    if (replay_ && outgoing.message()->retain) replay_->missed_one();
    drop(DropReason::slow);
    return;
  }
  SendForm form{.version = to_.version, .qos = 0, .retain = retain, .ids = &grant.ids};
  if (!write_shared(outgoing, form)) {
    drop(DropReason::too_large);
  }
}

// `write` sends the form and returns its size, or 0. A topic that gets an alias takes it with it,
// unless only that makes the packet too large.
template <class Write>
bool Session::write_with_alias(const Message& message, SendForm& form, Write write) {
  if (text_bytes(message) > kDeliverableBytesMax) return false;
  TopicAliases::Use use = aliases_ ? aliases_->use_for(message) : TopicAliases::Use{};
  form.topic_alias = use.alias;
  form.leaves_topic_out = use.is_known;
  size_t size = write();
  if (use.alias != 0 && !use.is_known) {
    if (size != 0) {
      aliases_->told(message, use.alias);
    } else {
      form.topic_alias = 0;
      size = write();
    }
  }
  if (size == 0) return false;
  packet_tally.payload_sent += message.payload.size();
  count_sent(size);
  return true;
}

bool Session::write_shared(Outgoing& outgoing, SendForm form) {
  return write_with_alias(*outgoing.message(), form,
                          [&] { return outgoing.send(*to_.wire, form, to_.packet_bytes_max); });
}

// Whether one more QoS 1 or 2 message may go out: the client's window has room for it and the wire
// drains. What was sent on an earlier connection goes first.
bool Session::has_room_in_flight() const {
  bool is_heavy = in_flight_bytes_ > kInFlightBytesMax ||
                  budget_.bytes_used.load(std::memory_order_relaxed) > budget_.bytes_max;
  if (is_heavy && !in_flight_.empty()) return false;
  return to_.wire != nullptr && unsent_ == 0 && in_flight_.size() < window_ &&
         to_.wire->unsent_bytes() <= limits_.unsent_bytes_max;
}

void Session::enqueue(Delivery delivery) {
  size_t bytes = delivery.bytes();
  if (queue_.size() >= limits_.queued_messages_max ||
      queued_bytes_ + bytes > limits_.queued_bytes_max) {
    return give_up(delivery, DropReason::queue_full);
  }
  if (budget_.bytes_used.load(std::memory_order_relaxed) > budget_.bytes_max) {
    return give_up(delivery, DropReason::budget);
  }
  hold(delivery);
  queue_.push_back(std::move(delivery));
}

// The message becomes one in flight and is sent; with `outgoing` its encoding is shared.
void Session::send_in_flight(Delivery delivery, Outgoing* outgoing, Now now) {
  WEIR_ASSERT(unsent_ == 0, "what was sent before must be sent again first");
  uint16_t packet_id = take_packet_id();
  note_sending(delivery, packet_id);
  bool is_sent = false;
  if (outgoing != nullptr) {
    SendForm form{.version = to_.version,
                  .qos = delivery.qos,
                  .retain = delivery.retain,
                  .packet_id = packet_id,
                  .ids = &delivery.ids};
    is_sent = write_shared(*outgoing, form);
  } else {
    is_sent = write_single(delivery, packet_id, false, now);
  }
  if (!is_sent) {  // §3.1.2.11.4: too large for the client: act as if it had been sent
    give_up(delivery, DropReason::too_large);
    return;
  }
  begin_sending(packet_id, std::move(delivery));
}

bool Session::write_single(const Delivery& delivery, uint16_t packet_id, bool duplicate, Now now) {
  SendForm form{.version = to_.version,
                .qos = delivery.qos,
                .retain = delivery.retain,
                .duplicate = duplicate,
                .packet_id = packet_id,
                .ids = &delivery.ids};
  return write_with_alias(*delivery.message, form, [&]() -> size_t {
    thread_local std::string frame;
    frame.clear();
    encode_message(*delivery.message, form, now, frame);
    if (frame.size() > to_.packet_bytes_max) return 0;
    to_.wire->write(frame);
    return frame.size();
  });
}

bool Session::pump(Now now) {
  send_waiting(now);
  bool has_more = send_replay(now);
  update_room();
  return has_more;
}

void Session::send_waiting(Now now) {
  if (to_.wire == nullptr) return;
  if (unsent_ > 0) send_again(now);
  while (!queue_.empty() && has_room_in_flight() && !must_wait_for_good(queue_.front())) {
    Delivery next = std::move(queue_.front());
    queue_.pop_front();
    let_go(next);
    if (!may_send(*next.message)) {
      give_up(next, DropReason::unauthorized);
    } else if (has_expired(*next.message, now.wall_ns)) {
      give_up(next, DropReason::expired);
    } else {
      send_in_flight(std::move(next), nullptr, now);
    }
  }
}

void Session::hold(const Delivery& delivery) {
  group_messages_ += delivery.group ? 1 : 0;
  queued_bytes_ += delivery.bytes();
  budget_.bytes_used.fetch_add(delivery.budget_bytes(), std::memory_order_relaxed);
}
void Session::let_go(const Delivery& delivery) {
  group_messages_ -= delivery.group ? 1 : 0;
  queued_bytes_ -= delivery.bytes();
  budget_.bytes_used.fetch_sub(delivery.budget_bytes(), std::memory_order_relaxed);
}

// For the list of clients, which other threads read.
void Session::tell_figures() {
  auto set = [](auto& figure, size_t to) {
    figure.store(static_cast<uint32_t>(to), std::memory_order_relaxed);
  };
  set(receiver_->queued_messages, queue_.size());
  set(receiver_->in_flight_out, in_flight_.size());
  receiver_->queued_bytes.store(queued_bytes_, std::memory_order_relaxed);
}

void Session::drop(DropReason reason, uint64_t messages) {
  count_dropped(*receiver_, reason, messages);
}

void Session::count_sent(size_t bytes) {
  add_to(receiver_->messages_out, 1);
  sent_tally.messages++;
  sent_tally.bytes += bytes;
}

}  // namespace weir::mqtt
