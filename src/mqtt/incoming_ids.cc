#include "mqtt/incoming_ids.h"

#include <algorithm>

namespace weir::mqtt {

size_t IncomingIds::find(uint16_t packet_id) const {
  auto place =
      std::lower_bound(entries_.begin(), entries_.end(), packet_id,
                       [](const Entry& entry, uint16_t id) { return entry.packet_id < id; });
  return static_cast<size_t>(place - entries_.begin());
}

bool IncomingIds::is_at(size_t place, uint16_t packet_id) const {
  return place < entries_.size() && entries_[place].packet_id == packet_id;
}

bool IncomingIds::add_storing(uint16_t packet_id) {
  size_t place = find(packet_id);
  if (!is_at(place, packet_id)) {
    entries_.insert(entries_.begin() + static_cast<ptrdiff_t>(place), {packet_id});
  }
  const bool is_new = entries_[place].is_free();
  if (is_new) entries_[place].is_storing = true;
  return is_new;
}

void IncomingIds::set_received(uint16_t packet_id) {
  add_storing(packet_id);
  entries_[find(packet_id)] = {.packet_id = packet_id, .is_received = true};
}

bool IncomingIds::is_received(uint16_t packet_id) const {
  size_t place = find(packet_id);
  return is_at(place, packet_id) && entries_[place].is_received;
}

bool IncomingIds::release(uint16_t packet_id) {
  if (!is_received(packet_id)) return false;
  erase(find(packet_id));
  return true;
}

void IncomingIds::refuse(uint16_t packet_id, Reason why) {
  add_storing(packet_id);
  entries_[find(packet_id)] = {.packet_id = packet_id, .refused_as = why};
}

std::optional<Reason> IncomingIds::refused_as(uint16_t packet_id) const {
  size_t place = find(packet_id);
  if (!is_at(place, packet_id) || entries_[place].refused_as == Reason::success) return {};
  return entries_[place].refused_as;
}

void IncomingIds::forget_refused() {
  std::erase_if(entries_, [](const Entry& entry) { return entry.is_free(); });
  for (Entry& entry : entries_) entry.refused_as = Reason::success;
  if (entries_.empty()) entries_ = {};
}

void IncomingIds::erase(size_t place) {
  entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(place));
  if (entries_.empty()) entries_ = {};  // idle clients hold no memory
}

}  // namespace weir::mqtt
