// JournalBatch: what one io thread has to write down, gathered over a batch of events, and what
// waits there until it is durable.
//
// Each step returns a ticket, which names the batch it is in: when_durable() and is_durable() take
// it. A ticket is durable only with everything that any thread handed over before. 0: nothing was
// written, and is durable. Without a journal, and for sessions without a key, nothing is written.
// hand_over() comes before anything is told to other threads that could write about it too.
// The io thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string_view>
#include <vector>

#include "mqtt/journal.h"

namespace weir::mqtt {

class RetainedStore;

class JournalBatch {
 public:
  // `journal` may be null. `index`: which of its waiters this is.
  JournalBatch(Journal* journal, RetainedStore& retained, size_t index)
      : journal_(journal), retained_(retained), index_(index) {}

  bool exists() const { return journal_ != nullptr; }
  // What should be durable never will be.
  bool is_failed() const { return journal_ != nullptr && journal_->is_failed(); }

  // A new session's key; 0 without a journal.
  uint64_t begin_session(std::string_view client_id, std::string_view user, uint32_t expiry_s,
                         int64_t wall_ns);
  uint64_t ended(uint64_t key) { return add({.kind = OpKind::ended, .session = key}); }
  uint64_t connected(uint64_t key, uint32_t expiry_s, int64_t wall_ns);
  uint64_t disconnected(uint64_t key, uint32_t expiry_s, int64_t wall_ns);
  uint64_t subscribed(uint64_t key, std::string_view filter, const Subscription& subscription);
  uint64_t unsubscribed(uint64_t key, std::string_view filter);

  // A message that gets a number by the first of its receivers; queued() follows for each.
  uint64_t take_number() { return journal_ == nullptr ? 0 : journal_->next_number(); }
  void message(uint64_t number, const MessagePtr& message);
  struct Queued {
    uint64_t key = 0;
    uint8_t qos = 0;
    bool retain = false;
    const std::vector<uint32_t>* ids = nullptr;
    std::string_view group{};  // of a shared subscription
    DeliveryState state = DeliveryState::waiting;
    uint16_t packet_id = 0;
  };
  uint64_t queued(const Queued& to);
  uint64_t sent(uint64_t key, uint64_t number, uint16_t packet_id);
  uint64_t released(uint64_t key, uint64_t number);
  uint64_t done(uint64_t key, uint64_t number);
  uint64_t received(uint64_t key, uint16_t packet_id);
  uint64_t receive_done(uint64_t key, uint16_t packet_id);
  uint64_t will(uint64_t key, const Message& message, uint32_t delay_s);
  uint64_t will_gone(uint64_t key) { return add({.kind = OpKind::will_gone, .session = key}); }
  // Retained messages changed; their store has the ops. Also a ticket for whatever was handed over
  // before, by any thread.
  uint64_t touch();

  // How many steps were written down so far: who made none need not wait for the disk.
  uint64_t steps() const { return steps_; }
  bool is_congested() const { return journal_ != nullptr && journal_->is_congested(); }
  bool is_full() const { return journal_ != nullptr && journal_->is_full(); }

  // Gives the journal what was gathered.
  void hand_over();
  bool is_durable(uint64_t ticket) const { return ticket <= durable_ || journal_ == nullptr; }
  // `then` runs on this thread, from look(), once the ticket is durable (true) or never will be.
  using Then = std::function<void(bool)>;
  void when_durable(uint64_t ticket, Then then) {
    waiting_.push_back({ticket, std::move(then)});
    is_touched_ = true;  // to tell the journal that somebody waits
  }
  // Something became durable, or never will.
  void look();

 private:
  uint64_t add(Op op);

  struct HandedOver {
    uint64_t ticket = 0, position = 0;
  };
  struct Waiting {
    uint64_t ticket = 0;
    Then then;
  };

  Journal* const journal_;
  RetainedStore& retained_;
  const size_t index_;
  std::vector<Op> ops_;
  uint64_t ticket_ = 1;   // of what is being gathered
  uint64_t durable_ = 0;  // the largest durable ticket
  bool is_touched_ = false;
  uint64_t steps_ = 0;
  std::deque<HandedOver> handed_over_;
  std::deque<Waiting> waiting_;  // in the order of their tickets
};

}  // namespace weir::mqtt
