#include "mqtt/client_inbox.h"

#include <algorithm>

namespace weir::mqtt {

std::optional<uint64_t> ClientInbox::add(uint16_t packet_id, uint8_t qos, Version version,
                                         std::string& bytes) {
  uint64_t ticket = first_ + entries_.size();
  Entry& entry = entries_.emplace_back(Entry{packet_id, qos, false, Reason::success});
  if (qos < 2) return ticket;
  if (received_.contains(packet_id)) {
    entry.settled = true;
    answer(version, bytes);
    return std::nullopt;
  }
  bool is_copy = std::any_of(storing_.begin(), storing_.end(),
                             [&](const auto& one) { return one.second == packet_id; });
  if (is_copy) return std::nullopt;
  storing_.emplace(ticket, packet_id);
  return ticket;
}

void ClientInbox::settle(uint64_t ticket, Reason reason, Version version, std::string& bytes) {
  auto settle_entry = [&](Entry& entry) { entry.settled = true, entry.reason = reason; };
  if (auto at = storing_.find(ticket); at != storing_.end()) {
    uint16_t packet_id = at->second;
    storing_.erase(at);
    if (reason < Reason::unspecified_error) received_.insert(packet_id);
    // The message itself, and copies of it.
    for (Entry& entry : entries_) {
      if (entry.qos == 2 && entry.packet_id == packet_id) settle_entry(entry);
    }
  } else if (ticket >= first_ && ticket - first_ < entries_.size()) {
    settle_entry(entries_[ticket - first_]);
  }
  answer(version, bytes);
}

bool ClientInbox::abandon(uint64_t ticket) {
  auto at = storing_.find(ticket);
  if (at == storing_.end()) return false;
  uint16_t packet_id = at->second;
  storing_.erase(at);
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.qos == 2 && entry.packet_id == packet_id && !entry.settled;
  });
}

void ClientInbox::answer(Version version, std::string& bytes) {
  while (!entries_.empty() && entries_.front().settled) {
    const Entry& entry = entries_.front();
    PacketType type = entry.qos == 2 ? PacketType::pubrec : PacketType::puback;
    encode_ack(type, entry.packet_id, entry.reason, version, bytes);
    entries_.pop_front();
    first_++;
  }
}

void ClientInbox::on_pubrel(uint16_t packet_id, Version version, std::string& bytes) {
  bool known = received_.erase(packet_id) > 0;
  Reason reason = known ? Reason::success : Reason::packet_identifier_not_found;
  encode_ack(PacketType::pubcomp, packet_id, reason, version, bytes);
}

void ClientInbox::disconnected() {
  first_ += entries_.size();
  entries_.clear();
}

void ClientInbox::session_lost() {
  storing_.clear();
  received_.clear();
}

}  // namespace weir::mqtt
