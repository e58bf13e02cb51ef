// BrokerThread: from a published message to its receivers.
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/drops.h"
#include "mqtt/metrics.h"

namespace weir::mqtt {

bool BrokerThread::route(const MessagePtr& message, const Receiver* publisher) {
  if (message->retain && !hub_.retained.store(message)) retained_refused.add(1);
  MatchPtr match = matches_.find(message->topic);
  if (match->empty()) return false;
  outgoing_.start(message, now(), match->targets.size() + match->groups.size());
  for (const Target& target : match->targets) {
    if (target.no_local && target.receiver.get() == publisher) {
      if (target.own) deliver(target, *target.own, match);
    } else {
      deliver(target, target.grant, match);
    }
  }
  for (const Match::Group& group : match->groups) deliver_to_group(group, match);
  return true;
}

// Delivers `outgoing_` to one receiver: its session here, or the outbox of its home.
void BrokerThread::deliver(const Target& target, const Grant& grant, const MatchPtr& match,
                           Way way) {
  Receiver& receiver = *target.receiver;
  uint32_t home = receiver.home.load(std::memory_order_acquire);
  if (home == index_) return deliver_here(target, grant, match, way);
  if (home == Receiver::kGone) {
    if (grant.group) hand_to_group(*grant.group, outgoing_.message());
    return;
  }
  if (grant.group) receiver.room.underway.fetch_add(1, std::memory_order_relaxed);
  std::unique_ptr<Outbox>& box = outboxes_[home];
  if (!box) box = std::make_unique<Outbox>();
  if (box->items.empty() || box->items.back().message != outgoing_.message() ||
      box->items.back().match != match) {
    box->items.push_back({outgoing_.message(), match, 0});
  }
  box->items.back().targets++;
  box->targets.push_back({&target, &grant, way != Way::matched});
  flush_later();
}

void BrokerThread::deliver_here(const Target& target, const Grant& grant, const MatchPtr& match,
                                Way way) {
  Receiver& receiver = *target.receiver;
  if (receiver.session == nullptr) return park(receiver, outgoing_.message(), grant, way);
  if (grant.group && deliver_to_better_member(target, match)) return;
  receiver.session->deliver(outgoing_, grant);
}

void BrokerThread::receive(Outbox& batch) {
  size_t next = 0;
  Now at = now();
  for (Outbox::Item& item : batch.items) {
    outgoing_.start(item.message, at, item.targets);
    for (size_t i = 0; i < item.targets; i++) {
      const Outbox::To& to = batch.targets[next++];
      if (to.grant->group) {
        to.target->receiver->room.underway.fetch_sub(1, std::memory_order_relaxed);
      }
      deliver(*to.target, *to.grant, item.match, to.is_forwarded ? Way::forwarded : Way::received);
    }
  }
  flush();
}

void BrokerThread::flush_later() {
  if (flush_is_due_) return;
  flush_is_due_ = true;
  io_.at_end_of_batch([hub = hub_.shared_from_this(), this] { flush(true); });
}

void BrokerThread::flush(bool batch_is_over) {
  flush_is_due_ = false;
  for (uint32_t thread = 0; thread < outboxes_.size(); thread++) {
    std::unique_ptr<Outbox>& box = outboxes_[thread];
    if (!box) continue;
    bool is_small = box->targets.size() <= kHandOverMax;
    auto receive = [batch = std::shared_ptr<Outbox>(std::move(box))](BrokerThread& there) {
      there.receive(*batch);
    };
    if (batch_is_over && is_small) {
      hub_.hand_over(thread, std::move(receive));
    } else {
      hub_.post(thread, std::move(receive));
    }
  }
  if (sent_tally.messages != 0) {
    messages_sent.add(sent_tally.messages);
    publish_bytes_sent.add(sent_tally.bytes);
    sent_tally = {};
  }
}

void BrokerThread::publish(const MessagePtr& message, const Receiver* publisher) {
  route(message, publisher);
  for (PublishSink* sink : hub_.sinks) sink->accept({&message, 1}, [](Result<void>) {});
  flush();
}

// Messages for a session that is on its way here wait for it, within the bound of a queue.
void BrokerThread::park(Receiver& receiver, const MessagePtr& message, const Grant& grant,
                        Way way) {
  Arriving& arriving = arriving_[&receiver];
  if (arriving.forwarded.size() + arriving.direct.size() >= hub_.options.queued_messages_max) {
    count_dropped(receiver, DropReason::queue_full);
    return;
  }
  (way == Way::forwarded ? arriving.forwarded : arriving.direct).push_back({message, grant});
}

}  // namespace weir::mqtt
