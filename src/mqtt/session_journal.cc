// Session: what it writes down, and how it comes back from what was written.
//
//   to the client     sent before PUBLISH of QoS 2 goes out, released before PUBREL; the end need
//   not
//                     be durable for anything: at worst the last step is repeated
//   from the client   received before PUBREC goes out, receive_done before PUBCOMP
//
// QoS 1 does not wait: a repetition is allowed. While the journal has failed no exchange of QoS 2
// makes a step that would be forgotten.
#include <algorithm>

#include "mqtt/session.h"

namespace weir::mqtt {

void Session::hold_until(uint64_t ticket) {
  if (ticket != 0 && to_.wire != nullptr) to_.wire->hold_until(ticket);
}

bool Session::must_wait_for_good(const Delivery& delivery) const {
  return delivery.qos == 2 && journal_key() != 0 && journal_->is_failed();
}

// The message is about to be sent for the first time. A retained one, for a new subscription, is
// written down only now.
void Session::note_sending(Delivery& delivery, uint16_t packet_id) {
  uint64_t key = journal_key();
  if (key == 0) return;
  uint64_t ticket = 0;
  if (delivery.number != 0) {
    ticket = journal_->sent(key, delivery.number, packet_id);
  } else {
    delivery.number = journal_->take_number();
    journal_->message(delivery.number, delivery.message);
    ticket = journal_->queued({.key = key,
                               .qos = delivery.qos,
                               .retain = delivery.retain,
                               .ids = &delivery.ids,
                               .state = DeliveryState::sent,
                               .packet_id = packet_id});
  }
  if (delivery.qos == 2) hold_until(ticket);
}

void Session::note_done(const Delivery& delivery) {
  if (uint64_t key = journal_key()) journal_->done(key, delivery.number);
}

void Session::give_up(const Delivery& delivery, DropReason reason) {
  note_done(delivery);
  if (replay_ && delivery.message->retain && reason != DropReason::too_large) {
    replay_->missed_one();
  }
  drop(reason);
}

void Session::finish_receiving(uint16_t packet_id) {
  incoming_.set_received(packet_id);
  if (uint64_t key = journal_key()) hold_until(journal_->received(key, packet_id));
}

bool Session::release(uint16_t packet_id) {
  bool is_known = incoming_.release(packet_id);
  uint64_t key = journal_key();
  if (is_known && key != 0) hold_until(journal_->receive_done(key, packet_id));
  return is_known;
}

void Session::restore(Restored restored) {
  Delivery delivery{
      std::move(restored.message), restored.qos,   restored.retain, std::move(restored.ids),
      std::move(restored.group),   restored.number};
  if (restored.state == DeliveryState::waiting) {
    hold(delivery);
    queue_.push_back(std::move(delivery));
    return;
  }
  InFlight& sent = in_flight_.emplace_back();
  sent.packet_id = restored.packet_id;
  sent.on_wire = false;
  sent.is_released = restored.state == DeliveryState::released;
  sent.delivery = std::move(delivery);
  if (sent.is_released) {
    sent.delivery = {nullptr, restored.qos, false, {}, nullptr, restored.number};
  } else {
    hold(sent.delivery);
    in_flight_bytes_ += sent.delivery.bytes();
  }
}

void Session::restore_received(uint16_t packet_id) {
  incoming_.add_storing(packet_id);
  incoming_.set_received(packet_id);
}

// Identifiers go on behind the one given last.
void Session::finish_restoring() {
  unsent_ = static_cast<uint32_t>(in_flight_.size());
  if (!in_flight_.empty()) sequence_ = kPacketIds + in_flight_.back().packet_id;
  // Each of them may stand in the way from the first round on.
  for (InFlight& sent : in_flight_) sent.sequence = 0;
  update_room();
}

}  // namespace weir::mqtt
