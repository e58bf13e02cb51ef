// Session: the exchanges that bring a QoS 1 or 2 message to the client, step by step.
//
//   QoS 1   PUBLISH ->  <- PUBACK
//   QoS 2   PUBLISH ->  <- PUBREC   PUBREL ->  <- PUBCOMP
//
// Nothing is sent twice on one connection. On a new one every unfinished exchange goes on where it
// stood: the PUBLISH with DUP and its identifier, or the PUBREL (MQTT 5 §4.3, §4.4).
#include <algorithm>

#include "base/assert.h"
#include "mqtt/metrics.h"
#include "mqtt/session.h"

namespace weir::mqtt {

// A message has been written with this identifier.
void Session::begin_sending(uint16_t packet_id, Delivery delivery) {
  hold(delivery);
  in_flight_bytes_ += delivery.bytes();
  InFlight& sent = in_flight_.emplace_back();
  sent.packet_id = packet_id;
  sent.sequence = sequence_;
  sent.delivery = std::move(delivery);
}

// The client has the message of a QoS 2 exchange: what is left of it is its identifier.
void Session::release_sent(InFlight& sent) {
  if (uint64_t key = journal_key()) {
    uint64_t ticket = journal_->released(key, sent.delivery.number);
    if (!journal_->is_failed()) hold_until(ticket);  // else PUBREL is not sent (write_pubrel)
  }
  let_go(sent.delivery);
  in_flight_bytes_ -= sent.delivery.bytes();
  sent.delivery.message.reset();
  sent.delivery.ids = {};
  sent.delivery.group.reset();
  sent.is_released = true;
}

// The exchange is over; its identifier and its place in the window are free.
Session::InFlightAt Session::finish_sending(InFlightAt at) {
  mark_on_wire(*at);
  note_done(at->delivery);
  if (!at->is_released) {
    let_go(at->delivery);
    in_flight_bytes_ -= at->delivery.bytes();
  }
  return in_flight_.erase(at);
}

void Session::mark_on_wire(InFlight& sent) {
  if (!std::exchange(sent.on_wire, true)) unsent_--;
}

void Session::on_answer(PacketType type, uint16_t packet_id, Reason reason) {
  InFlightAt at = find_in_flight(packet_id);
  if (type == PacketType::pubrec) return on_pubrec(at, packet_id, reason);
  if (at == in_flight_.end()) return;
  // An answer that does not belong to the exchange's step is passed over.
  bool is_its = type == PacketType::puback ? at->delivery.qos == 1 : at->is_released;
  if (is_its) finish_sending(at);
}

void Session::on_pubrec(InFlightAt at, uint16_t packet_id, Reason reason) {
  bool refused = reason >= Reason::unspecified_error;
  if (at == in_flight_.end() || at->delivery.qos != 2) {
    // One that the session does not know, perhaps another server's: its exchange is finished.
    if (!refused) write_pubrel(packet_id, Reason::packet_identifier_not_found);
    return;
  }
  if (refused && !at->is_released) {  // §4.3.3: it is not sent again
    finish_sending(at);
    return;
  }
  if (!at->is_released) release_sent(*at);
  mark_on_wire(*at);
  write_pubrel(packet_id, Reason::success);
}

void Session::write_pubrel(uint16_t packet_id, Reason reason) {
  if (to_.wire == nullptr) return;
  if (journal_key() != 0 && journal_->is_failed()) return;  // the exchange rests until the restart
  std::string frame;
  encode_ack(PacketType::pubrel, packet_id, reason, to_.version, frame);
  to_.wire->write(frame);
}

// Goes on with the exchanges of earlier connections, in the order of their first sending. The
// window holds PUBLISH back; PUBREL it must not [MQTT-3.3.4-10].
void Session::send_again(Now now) {
  size_t on_wire = in_flight_.size() - unsent_;
  for (auto again = in_flight_.begin(); again != in_flight_.end() && unsent_ > 0;) {
    bool waits = !again->is_released && on_wire >= window_;
    if (again->on_wire || waits) {
      ++again;
      continue;
    }
    if (again->is_released) {
      write_pubrel(again->packet_id, Reason::success);
    } else if (!may_send(*again->delivery.message)) {
      again = finish_sending(again);
      drop(DropReason::unauthorized);
      continue;
    } else if (!write_single(again->delivery, again->packet_id, true, now)) {
      again = finish_sending(again);
      drop(DropReason::too_large);
      continue;
    }
    mark_on_wire(*again);
    on_wire++;
    ++again;
  }
}

// Clients answer in order: it is nearly always among the first.
Session::InFlightAt Session::find_in_flight(uint16_t packet_id) {
  return std::find_if(in_flight_.begin(), in_flight_.end(),
                      [&](const InFlight& sent) { return sent.packet_id == packet_id; });
}

bool Session::is_in_flight(uint16_t packet_id) const {
  return std::any_of(in_flight_.begin(), in_flight_.end(),
                     [&](const InFlight& sent) { return sent.packet_id == packet_id; });
}

// Identifiers go round; one can be taken only while a message from a whole round ago is unanswered.
uint16_t Session::take_packet_id() {
  while (true) {
    sequence_++;
    auto packet_id = static_cast<uint16_t>((sequence_ - 1) % kPacketIds + 1);
    bool old_ones = !in_flight_.empty() && in_flight_.front().sequence + kPacketIds <= sequence_;
    if (!old_ones || !is_in_flight(packet_id)) return packet_id;
  }
}

void Session::abandon_receiving(uint16_t packet_id, Reason why) {
  incoming_.refuse(packet_id, why);
  has_refused_ = true;
}

std::shared_ptr<PublishBatch> Session::take_stored_batch() {
  if (batches_.empty()) {  // no repetition of a refused one is left
    if (std::exchange(has_refused_, false)) incoming_.forget_refused();
    return nullptr;
  }
  if (!batches_.front()->is_stored()) return nullptr;
  std::shared_ptr<PublishBatch> batch = std::move(batches_.front());
  batches_.pop_front();
  return batch;
}

}  // namespace weir::mqtt
