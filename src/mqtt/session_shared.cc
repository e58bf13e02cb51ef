// Session: as a member of shared subscriptions (MQTT 5 §4.8.2).
#include <absl/container/flat_hash_set.h>

#include <algorithm>

#include "mqtt/session.h"

namespace weir::mqtt {

void Session::join(SharedGroupPtr group) {
  if (!is_member(*group)) groups_.push_back(std::move(group));
  update_room();
}

// Messages for them that it has already stay until they are taken.
std::vector<SharedGroupPtr> Session::leave(const std::vector<std::string_view>& filters) {
  absl::flat_hash_set<std::string_view> wanted(filters.begin(), filters.end());
  auto stays = [&](const SharedGroupPtr& group) { return !wanted.contains(group->filter); };
  auto first = std::stable_partition(groups_.begin(), groups_.end(), stays);
  std::vector<SharedGroupPtr> left(std::make_move_iterator(first),
                                   std::make_move_iterator(groups_.end()));
  groups_.erase(first, groups_.end());
  return left;
}

bool Session::is_member(const SharedGroup& group) const {
  return std::any_of(groups_.begin(), groups_.end(),
                     [&](const SharedGroupPtr& one) { return one.get() == &group; });
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
