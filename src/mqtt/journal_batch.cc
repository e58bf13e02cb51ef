#include "mqtt/journal_batch.h"

#include <utility>

#include "mqtt/retained_store.h"

namespace weir::mqtt {
namespace {

std::shared_ptr<const OpDetails> named(std::string_view name) {
  auto details = std::make_shared<OpDetails>();
  details->name = name;
  return details;
}

}  // namespace

uint64_t JournalBatch::add(Op op) {
  if (journal_ == nullptr || (op.session == 0 && op.kind != OpKind::message)) return 0;
  ops_.push_back(std::move(op));
  steps_++;
  return touch();
}

uint64_t JournalBatch::touch() {
  if (journal_ == nullptr) return 0;
  is_touched_ = true;
  return ticket_;
}

uint64_t JournalBatch::begin_session(std::string_view client_id, std::string_view user,
                                     uint32_t expiry_s, int64_t wall_ns) {
  if (journal_ == nullptr) return 0;
  auto details = std::make_shared<OpDetails>();
  details->name = client_id;
  details->user = user;
  uint64_t key = journal_->next_session();
  add({.kind = OpKind::session,
       .is_connected = true,
       .seconds = expiry_s,
       .session = key,
       .wall_ns = wall_ns,
       .details = std::move(details)});
  // Once it subscribes, other threads write about it.
  hand_over();
  return key;
}

uint64_t JournalBatch::connected(uint64_t key, uint32_t expiry_s, int64_t wall_ns) {
  return add({.kind = OpKind::connected, .seconds = expiry_s, .session = key, .wall_ns = wall_ns});
}
uint64_t JournalBatch::disconnected(uint64_t key, uint32_t expiry_s, int64_t wall_ns) {
  return add(
      {.kind = OpKind::disconnected, .seconds = expiry_s, .session = key, .wall_ns = wall_ns});
}

uint64_t JournalBatch::subscribed(uint64_t key, std::string_view filter,
                                  const Subscription& subscription) {
  if (journal_ == nullptr || key == 0) return 0;
  auto details = std::make_shared<OpDetails>();
  details->name = filter;
  details->subscription = subscription;
  return add({.kind = OpKind::subscribed, .session = key, .details = std::move(details)});
}
uint64_t JournalBatch::unsubscribed(uint64_t key, std::string_view filter) {
  if (journal_ == nullptr || key == 0) return 0;
  return add({.kind = OpKind::unsubscribed, .session = key, .details = named(filter)});
}

void JournalBatch::message(uint64_t number, const MessagePtr& message) {
  add({.kind = OpKind::message, .number = number, .message = message});
}

uint64_t JournalBatch::queued(const Queued& to) {
  Op op{.kind = OpKind::queued,
        .qos = to.qos,
        .retain = to.retain,
        .state = to.state,
        .packet_id = to.packet_id,
        .session = to.key};
  bool has_ids = to.ids != nullptr && !to.ids->empty();
  if (has_ids || !to.group.empty()) {
    auto details = std::make_shared<OpDetails>();
    if (has_ids) details->ids = *to.ids;
    details->name = to.group;
    op.details = std::move(details);
  }
  return add(std::move(op));
}

uint64_t JournalBatch::sent(uint64_t key, uint64_t number, uint16_t packet_id) {
  if (number == 0) return 0;
  return add({.kind = OpKind::sent, .packet_id = packet_id, .session = key, .number = number});
}
uint64_t JournalBatch::released(uint64_t key, uint64_t number) {
  if (number == 0) return 0;
  return add({.kind = OpKind::released, .session = key, .number = number});
}
uint64_t JournalBatch::done(uint64_t key, uint64_t number) {
  if (number == 0) return 0;
  return add({.kind = OpKind::done, .session = key, .number = number});
}
uint64_t JournalBatch::received(uint64_t key, uint16_t packet_id) {
  return add({.kind = OpKind::received, .packet_id = packet_id, .session = key});
}
uint64_t JournalBatch::receive_done(uint64_t key, uint16_t packet_id) {
  return add({.kind = OpKind::receive_done, .packet_id = packet_id, .session = key});
}

uint64_t JournalBatch::will(uint64_t key, const Message& will, uint32_t delay_s) {
  if (journal_ == nullptr || key == 0) return 0;
  message(0, copy_of(will));
  return add({.kind = OpKind::will, .seconds = delay_s, .session = key});
}

void JournalBatch::hand_over() {
  if (!is_touched_) return;
  is_touched_ = false;
  retained_.hand_over(*journal_);
  uint64_t position = journal_->append(ops_, !waiting_.empty());
  handed_over_.push_back({ticket_++, position});
  look();
}

void JournalBatch::look() {
  if (journal_ == nullptr) return;
  // Asked before looking: what becomes durable in between is told.
  if (!waiting_.empty()) journal_->want(index_);
  bool has_failed = journal_->is_failed();
  uint64_t durable = journal_->durable();
  while (!handed_over_.empty() && handed_over_.front().position <= durable) {
    durable_ = handed_over_.front().ticket;
    handed_over_.pop_front();
  }
  while (!waiting_.empty() && (waiting_.front().ticket <= durable_ || has_failed)) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    next.then(next.ticket <= durable_);
  }
}

}  // namespace weir::mqtt
