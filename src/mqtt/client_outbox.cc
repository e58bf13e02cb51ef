#include "mqtt/client_outbox.h"

#include <algorithm>

#include "mqtt/outgoing.h"
#include "mqtt/retained_store.h"

namespace weir::mqtt {

bool ClientOutbox::has_room(size_t bytes) const {
  return messages() < limits_.messages_max && bytes_ + bytes <= limits_.bytes_max;
}

uint64_t ClientOutbox::add(MessagePtr message, uint8_t qos, bool retain) {
  bytes_ += text_bytes(*message);
  waiting_.push_back({++last_ticket_, std::move(message), qos, retain, 0, false, false});
  return last_ticket_;
}

void ClientOutbox::connected(const Link& link, bool session_present, Now now, const Output& out) {
  link_ = link;
  sent_ = 0;
  if (!session_present) {
    for (size_t i = in_flight_.size(); i-- > 0;) {
      auto at = in_flight_.begin() + static_cast<ptrdiff_t>(i);
      // What the server has confirmed to have is the server's, even if it has forgotten since.
      if (at->released)
        finish(at, Reason::success, out);
      else
        at->duplicate = false;
    }
  }
  send(now, out);
}

// What was in flight first, then what waits, as far as the server's window goes.
void ClientOutbox::send(Now now, const Output& out) {
  if (!link_) return;
  size_t window = std::min<size_t>(link_->receive_maximum, kInFlightMax);
  while (sent_ < in_flight_.size() && sent_ < window) {
    Entry& entry = in_flight_[sent_];
    if (!entry.released && !fits(entry, now)) {
      finish(in_flight_.begin() + static_cast<ptrdiff_t>(sent_), Reason::packet_too_large, out);
      continue;
    }
    write(entry, now, out);
    sent_++;
  }
  while (!waiting_.empty() && sent_ < window && sent_ == in_flight_.size()) {
    if (waiting_.front().message->properties &&
        has_expired(*waiting_.front().message, now.wall_ns)) {
      bytes_ -= text_bytes(*waiting_.front().message);
      out.done.push_back({waiting_.front().ticket, Reason::success});
      waiting_.pop_front();
      continue;
    }
    waiting_.front().qos = std::min(waiting_.front().qos, link_->qos_max);
    if (waiting_.front().qos == 0) {
      write_once(now, out);
      continue;
    }
    uint16_t packet_id = take_packet_id();
    if (packet_id == 0) return;
    in_flight_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    in_flight_.back().packet_id = packet_id;
    if (!fits(in_flight_.back(), now)) {
      finish(in_flight_.end() - 1, Reason::packet_too_large, out);
      continue;
    }
    write(in_flight_.back(), now, out);
    sent_++;
  }
}

// To a server that takes QoS 0 alone.
void ClientOutbox::write_once(Now now, const Output& out) {
  Entry entry = std::move(waiting_.front());
  waiting_.pop_front();
  bytes_ -= text_bytes(*entry.message);
  const bool taken = fits(entry, now);
  if (taken) write(entry, now, out);
  out.done.push_back({entry.ticket, taken ? Reason::success : Reason::packet_too_large});
}

// A bound from above that needs no encoding: fixed header, identifier, lengths of the properties.
bool ClientOutbox::fits(const Entry& entry, Now now) {
  constexpr size_t kOverhead = 64;
  const Message& message = *entry.message;
  if (text_bytes(message) + kOverhead <= link_->packet_bytes_max) return true;
  std::string frame;
  SendForm form{.version = link_->version, .qos = entry.qos, .packet_id = entry.packet_id};
  encode_message(message, form, now, frame);
  return frame.size() <= link_->packet_bytes_max;
}

void ClientOutbox::write(Entry& entry, Now now, const Output& out) {
  if (entry.released) {
    encode_ack(PacketType::pubrel, entry.packet_id, Reason::success, link_->version, out.bytes);
    return;
  }
  SendForm form{.version = link_->version,
                .qos = entry.qos,
                .retain = entry.retain && link_->retain_available,
                .duplicate = entry.duplicate,
                .packet_id = entry.packet_id};
  encode_message(*entry.message, form, now, out.bytes);
  entry.duplicate = true;
}

void ClientOutbox::on_acknowledgement(const Ack& ack, Now now, const Output& out) {
  // Servers acknowledge in order: it is nearly always the first.
  auto end = in_flight_.begin() + static_cast<ptrdiff_t>(sent_);
  auto at = std::find_if(in_flight_.begin(), end,
                         [&](const Entry& entry) { return entry.packet_id == ack.packet_id; });
  bool refused = ack.reason >= Reason::unspecified_error;
  if (ack.type == PacketType::pubrec) {
    bool known = at != end && at->qos == 2;
    if (known && refused) {
      finish(at, ack.reason, out);
      return send(now, out);
    }
    if (known && !at->released) {
      at->released = true;
      bytes_ -= text_bytes(*at->message);
      at->message.reset();
    }
    Reason reason = known ? Reason::success : Reason::packet_identifier_not_found;
    if (known || !refused) {
      encode_ack(PacketType::pubrel, ack.packet_id, reason, link_->version, out.bytes);
    }
    return;
  }
  if (at == end) return;
  if (ack.type == PacketType::puback && at->qos != 1) return;
  if (ack.type == PacketType::pubcomp && !at->released) return;
  finish(at, ack.type == PacketType::pubcomp ? Reason::success : ack.reason, out);
  send(now, out);
}

void ClientOutbox::finish(std::deque<Entry>::iterator at, Reason reason, const Output& out) {
  if (at - in_flight_.begin() < static_cast<ptrdiff_t>(sent_)) sent_--;
  if (at->message) bytes_ -= text_bytes(*at->message);
  free_packet_id(at->packet_id);
  out.done.push_back({at->ticket, reason});
  in_flight_.erase(at);
}

uint16_t ClientOutbox::take_packet_id() {
  for (int tries = 0; tries < 65535; tries++) {
    last_packet_id_ = static_cast<uint16_t>(last_packet_id_ % 65535 + 1);
    if (taken_[last_packet_id_]) continue;
    taken_.set(last_packet_id_);
    return last_packet_id_;
  }
  return 0;
}

}  // namespace weir::mqtt
