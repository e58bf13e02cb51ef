// BrokerThread: from a published message to its receivers.
#include <algorithm>

#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/drops.h"
#include "mqtt/metrics.h"
#include "mqtt/shared_groups.h"

namespace weir::mqtt {

BrokerThread::Routed BrokerThread::route(const MessagePtr& message, const Receiver* publisher,
                                         Now at) {
  Routed routed;
  if (message->retain) {
    if (!hub_.retained.store(message)) retained_refused.add(1);
    if (outlives_restart(message->topic)) routed.ticket = journal_.touch();
  }
  MatchPtr match = matches_.find(message->topic);
  if (match->empty()) return routed;
  routed.is_wanted = true;
  Members members;
  for (const Match::Group& group : match->groups) {
    if (const Target* member = choose_member(group, *message)) members.push_back(member);
  }
  uint64_t number = 0;
  uint64_t ticket = write_down(message, *match, members, publisher, number);
  routed.ticket = std::max(routed.ticket, ticket);
  outgoing_.start(message, at, match->targets.size() + match->groups.size(), number);
  for (const Target& target : match->targets) {
    if (target.no_local && target.receiver.get() == publisher) {
      if (target.own) deliver(target, *target.own, match);
    } else {
      deliver(target, target.grant, match);
    }
  }
  for (const Target* member : members) deliver(*member, member->grant, match);
  return routed;
}

// Delivers `outgoing_` to one receiver: its session here, or the outbox of its home.
void BrokerThread::deliver(const Target& target, const Grant& grant, const MatchPtr& match,
                           Way way) {
  Receiver& receiver = *target.receiver;
  uint32_t home = receiver.home.load(std::memory_order_acquire);
  if (home == index_) return deliver_here(target, grant, match, way);
  if (home == Receiver::kGone) {
    if (grant.group) hand_to_group(*grant.group, outgoing_.message(), outgoing_.number());
    return;
  }
  if (grant.group) receiver.room.underway.fetch_add(1, std::memory_order_relaxed);
  std::unique_ptr<Outbox>& box = outboxes_[home];
  if (!box) {
    box = std::make_unique<Outbox>();
    box->items.reserve(outbox_items_);
    box->targets.reserve(outbox_items_);
  }
  const bool is_other_match = box->matches.empty() || box->matches.back() != match;
  if (is_other_match) box->matches.push_back(match);
  if (is_other_match || box->items.back().message != outgoing_.message() ||
      box->items.back().number != outgoing_.number()) {
    const auto match_at = static_cast<uint32_t>(box->matches.size() - 1);
    box->items.push_back({outgoing_.message(), match_at, 0, outgoing_.number()});
  }
  box->items.back().targets++;
  box->targets.push_back({&target, &grant, way != Way::matched});
  flush_later();
}

void BrokerThread::deliver_here(const Target& target, const Grant& grant, const MatchPtr& match,
                                Way way) {
  Receiver& receiver = *target.receiver;
  if (receiver.session == nullptr) return park(receiver, grant, way);
  if (grant.group && deliver_to_better_member(target, match)) return;
  receiver.session->deliver(outgoing_, grant);
}

void BrokerThread::receive(Outbox& batch) {
  size_t next = 0;
  Now at = now();
  for (Outbox::Item& item : batch.items) {
    outgoing_.start(item.message, at, item.targets, item.number);
    for (size_t i = 0; i < item.targets; i++) {
      const Outbox::To& to = batch.targets[next++];
      if (to.grant->group) {
        to.target->receiver->room.underway.fetch_sub(1, std::memory_order_relaxed);
      }
      deliver(*to.target, *to.grant, batch.matches[item.match],
              to.is_forwarded ? Way::forwarded : Way::received);
    }
  }
  flush();
}

void BrokerThread::flush_later() {
  if (flush_is_due_) return;
  flush_is_due_ = true;
  io_.at_end_of_batch([hub = hub_.shared_from_this(), this] { flush(true); });
}

bool BrokerThread::is_small(const Outbox& box) {
  if (box.targets.size() > kHandOverMax) return false;
  absl::InlinedVector<const Receiver*, kHandOverReceiversMax> receivers;
  for (const Outbox::To& to : box.targets) {
    const Receiver* receiver = to.target->receiver.get();
    if (std::find(receivers.begin(), receivers.end(), receiver) != receivers.end()) continue;
    if (receivers.size() == kHandOverReceiversMax) return false;
    receivers.push_back(receiver);
  }
  return true;
}

void BrokerThread::flush(bool batch_is_over) {
  flush_is_due_ = false;
  // What others will write about these messages comes behind what was written here.
  journal_.hand_over();
  for (uint32_t thread = 0; thread < outboxes_.size(); thread++) {
    std::unique_ptr<Outbox>& box = outboxes_[thread];
    if (!box) continue;
    const bool helps = batch_is_over && is_small(*box);
    outbox_items_ = box->items.size();
    auto receive = [batch = std::shared_ptr<Outbox>(std::move(box))](BrokerThread& there) {
      there.receive(*batch);
    };
    if (helps) {
      hub_.hand_over(thread, std::move(receive));
    } else {
      hub_.post(thread, std::move(receive));
    }
  }
  settle_packet_tally();
  if (sent_tally.messages != 0) {
    messages_sent.add(sent_tally.messages);
    publish_bytes_sent.add(sent_tally.bytes);
    sent_tally = {};
  }
}

void BrokerThread::publish(const MessagePtr& message, const Receiver* publisher) {
  route(message, publisher, now());
  for (PublishSink* sink : hub_.sinks) sink->accept({&message, 1}, [](Result<void>) {});
  flush();
}

// Messages for a session that is on its way here wait for it, within the bounds of a queue and of
// all queues together.
void BrokerThread::park(Receiver& receiver, const Grant& grant, Way way) {
  Arriving& arriving = arriving_[&receiver];
  if (arriving.share == nullptr) arriving.share = std::make_unique<Share>(hub_.queues.bytes_used);
  const SessionLimits limits = Session::limits_of(hub_.options);
  const size_t bytes = arriving.share->bytes() + text_bytes(*outgoing_.message()) +
                       sizeof(Arriving::Parked) + sizeof(Message);
  const bool is_full =
      arriving.forwarded.size() + arriving.direct.size() >= limits.queued_messages_max ||
      bytes > limits.queued_bytes_max;
  if (is_full || hub_.queues.bytes_used > hub_.queues.bytes_max) {
    journal_.done(receiver.journal_key, outgoing_.number());
    count_dropped(receiver, is_full ? DropReason::queue_full : DropReason::budget);
    return;
  }
  arriving.share->set(bytes);
  std::vector<Arriving::Parked>& parked =
      way == Way::forwarded ? arriving.forwarded : arriving.direct;
  parked.push_back({outgoing_.message(), grant, outgoing_.number()});
}

uint64_t BrokerThread::write_down(const MessagePtr& message, const Match& match,
                                  const Members& members, const Receiver* publisher,
                                  uint64_t& number) {
  if (!journal_.exists() || message->qos == 0) return 0;
  uint64_t ticket = 0;
  for (const Target& target : match.targets) {
    bool is_own = target.no_local && target.receiver.get() == publisher;
    if (is_own && !target.own) continue;
    const Grant& grant = is_own ? *target.own : target.grant;
    ticket = std::max(ticket, write_down_one(target, grant, message, number));
  }
  for (const Target* member : members) {
    ticket = std::max(ticket, write_down_one(*member, member->grant, message, number));
  }
  return ticket;
}

// The first receiver that is written down gives the message its number, if it has none yet.
uint64_t BrokerThread::write_down_one(const Target& target, const Grant& grant,
                                      const MessagePtr& message, uint64_t& number) {
  uint64_t key = target.receiver->journal_key.load(std::memory_order_acquire);
  uint8_t qos = std::min(message->qos, grant.qos);
  if (key == 0 || qos == 0) return 0;
  if (number == 0) {
    number = journal_.take_number();
    journal_.message(number, message);
  }
  return journal_.queued(
      {.key = key,
       .qos = qos,
       .retain = grant.retain_as_published && message->retain,
       .ids = &grant.ids,
       .group = grant.group ? std::string_view(grant.group->filter) : std::string_view()});
}

// A message of a shared subscription goes to `to`, instead of `from` if that is given.
void BrokerThread::write_moved(const Receiver* from, const Target& to) {
  const MessagePtr& message = outgoing_.message();
  if (!journal_.exists() || message->qos == 0) return;
  uint64_t number = outgoing_.number();
  if (number != 0 && to.receiver->journal_key.load(std::memory_order_acquire) != 0) {
    journal_.message(number, message);  // spoken of again
  }
  write_down_one(to, to.grant, message, number);
  if (from != nullptr) journal_.done(from->journal_key, outgoing_.number());
  outgoing_.set_number(number);
}

}  // namespace weir::mqtt
