// Session: as a member of shared subscriptions (MQTT 5 §4.8.2).
#include <algorithm>

#include "mqtt/session.h"

namespace weir::mqtt {

void Session::join(SharedGroupPtr group) {
  groups_.insert(std::move(group));
  update_room();
}

// Messages for them that it has already stay until they are taken.
std::vector<SharedGroupPtr> Session::leave(const std::vector<std::string_view>& filters) {
  std::vector<SharedGroupPtr> left;
  for (std::string_view filter : filters) {
    auto found = groups_.find(filter);
    if (found == groups_.end()) continue;
    left.push_back(*found);
    groups_.erase(found);
  }
  return left;
}

SharedGroupPtr Session::find_group(std::string_view filter) const {
  auto found = groups_.find(filter);
  return found == groups_.end() ? nullptr : *found;
}

std::vector<Session::GroupMessage> Session::take_group_messages(const Wanted& wanted) {
  std::vector<GroupMessage> taken;
  if (group_messages_ == 0) return taken;
  auto is_wanted = [&](const Delivery& delivery) {
    return delivery.group && wanted(*delivery.group, *delivery.message);
  };
  for (auto at = in_flight_.begin(); at != in_flight_.end() && !is_attached();) {
    if (at->delivery.qos == 1 && is_wanted(at->delivery)) {
      taken.push_back({at->delivery.group, at->delivery.message, at->delivery.number});
      at = finish_sending(at);
    } else {
      ++at;
    }
  }
  queue_.erase_if([&](const Delivery& delivery) {
    if (!is_wanted(delivery)) return false;
    taken.push_back({delivery.group, delivery.message, delivery.number});
    note_done(delivery);
    let_go(delivery);
    return true;
  });
  update_room();
  return taken;
}

// Tells the routers what a member of shared subscriptions can take.
void Session::update_room() {
  tell_figures();
  if (groups_.empty()) return;
  Room& room = receiver_->room;
  bool connected = to_.wire != nullptr;
  bool drains = connected && to_.wire->unsent_bytes() <= limits_.unsent_bytes_max;
  bool queues = queue_.size() < limits_.queued_messages_max &&
                queued_bytes_ < limits_.queued_bytes_max &&
                budget_.bytes_used.load(std::memory_order_relaxed) <= budget_.bytes_max;
  size_t window = queue_.empty() && has_room_in_flight() ? window_ - in_flight_.size() : 0;
  size_t queue = queues ? limits_.queued_messages_max - queue_.size() : 0;
  queue = std::min<size_t>(queue, UINT32_MAX);  // there may be no limit
  room.connected.store(connected, std::memory_order_relaxed);
  room.drains.store(drains, std::memory_order_relaxed);
  room.window.store(static_cast<uint32_t>(window), std::memory_order_relaxed);
  room.queue.store(static_cast<uint32_t>(queue), std::memory_order_relaxed);
  room.holds_messages.store(group_messages_ > 0, std::memory_order_relaxed);
}

}  // namespace weir::mqtt
