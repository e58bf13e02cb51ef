// BrokerThread: shared subscriptions: which member of a group gets a message (MQTT 5 §4.8.2).
//
// Members take turns. One that is stuck, or whose window is full, is passed over while another can
// take the message; one that is not connected gets it only while none is. A router chooses by what
// the members' Room says, which may be a moment old for those at home on another thread; the home
// chooses again when the message arrives and the member has left or could not take it by then.
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>
#include <span>

#include "mqtt/broker_thread.h"
#include "mqtt/shared_groups.h"

namespace weir::mqtt {
namespace {

// How well a member could take a message now; the first is the best.
enum class Fit { at_once, queued, offline, not_at_all, gone };

Fit fit_of(const Target& member, const Message& message) {
  const Receiver& receiver = *member.receiver;
  if (receiver.home.load(std::memory_order_relaxed) == Receiver::kGone ||
      !receiver.may_receive(message.topic)) {
    return Fit::gone;
  }
  const Room& room = receiver.room;
  bool needs_window = std::min(message.qos, member.grant.qos) > 0;
  uint32_t underway = room.underway.load(std::memory_order_relaxed);
  bool has_queue = needs_window && room.queue.load(std::memory_order_relaxed) > underway;
  if (!room.connected.load(std::memory_order_relaxed)) {
    return has_queue ? Fit::offline : Fit::not_at_all;
  }
  bool has_window = !needs_window || room.window.load(std::memory_order_relaxed) > underway;
  if (has_window && room.drains.load(std::memory_order_relaxed)) return Fit::at_once;
  return has_queue ? Fit::queued : Fit::not_at_all;
}

}  // namespace

const Target* choose_member(const Match::Group& group, const Message& message) {
  size_t count = group.members.size();
  if (count == 0) return nullptr;
  size_t first = group.group->turn.load(std::memory_order_relaxed) % count;
  size_t best = first;
  Fit best_fit = Fit::gone;
  for (size_t i = 0; i < count && best_fit != Fit::at_once; i++) {
    size_t at = first + i < count ? first + i : first + i - count;
    Fit fit = fit_of(group.members[at], message);
    if (fit < best_fit) {
      best_fit = fit;
      best = at;
    }
  }
  if (best_fit == Fit::gone) return nullptr;
  // Two threads may choose the same member at once: their turns even out.
  group.group->turn.store(static_cast<uint32_t>(best + 1), std::memory_order_relaxed);
  return &group.members[best];
}

void BrokerThread::deliver_to_group(const Match::Group& group, const MatchPtr& match) {
  if (const Target* member = choose_member(group, *outgoing_.message())) {
    write_moved(nullptr, *member);
    deliver(*member, member->grant, match);
  }
}

// The message has come to `target`, at home here. Whether it went elsewhere instead, because this
// member has left or cannot take it now and another one can.
bool BrokerThread::deliver_to_better_member(const Target& target, const MatchPtr& match) {
  const Session& session = *target.receiver->session;
  const SharedGroupPtr& group = target.grant.group;
  if (!session.is_member(*group)) {
    // Without another member it is delivered all the same: it was sent before this one left.
    MatchPtr now = hub_.tree.members_of(*group);
    if (now->empty()) return false;
    const Target* member = choose_member(now->groups.front(), *outgoing_.message());
    if (member == nullptr) return false;
    write_moved(target.receiver.get(), *member);
    deliver(*member, member->grant, now);
    return true;
  }
  Fit fit = fit_of(target, *outgoing_.message());
  if (fit == Fit::at_once) return false;
  for (const Match::Group& one : match->groups) {
    if (one.group != group) continue;
    const Target* other = choose_member(one, *outgoing_.message());
    if (other == nullptr || other->receiver == target.receiver ||
        fit_of(*other, *outgoing_.message()) >= fit)
      break;
    write_moved(target.receiver.get(), *other);
    deliver(*other, other->grant, match);
    return true;
  }
  return false;
}

// A message that its member will not get goes to another one.
void BrokerThread::hand_to_group(const SharedGroup& group, const MessagePtr& message,
                                 uint64_t number) {
  MatchPtr match = hub_.tree.members_of(group);
  if (match->empty()) return;
  outgoing_.start(message, now(), 1, number);
  deliver_to_group(match->groups.front(), match);
}

// The messages that the session holds for these groups go to other members, who keep their order.
void BrokerThread::hand_on(Session& session, const Session::Wanted& wanted) {
  if (!session.holds_group_messages()) return;
  for (const Session::GroupMessage& one : session.take_group_messages(wanted)) {
    hand_to_group(*one.group, one.message, one.number);
  }
}

namespace {

// What the connected members of some groups can still take.
class Takers {
 public:
  explicit Takers(const TopicTree& tree) : tree_(tree) {}
  bool take(const SharedGroup& group, const Message& message) {
    auto [found, is_new] = known_.try_emplace(&group);
    Known& known = found->second;
    if (is_new) {
      known.match = tree_.members_of(group);
      for (const Target& member : members_of(known)) known.room += room_of(*member.receiver);
    }
    if (known.room == 0) return false;
    bool fits = std::any_of(members_of(known).begin(), members_of(known).end(),
                            [&](const Target& one) { return fit_of(one, message) <= Fit::queued; });
    known.room -= fits ? 1 : 0;
    return fits;
  }

 private:
  struct Known {
    MatchPtr match;
    uint64_t room = 0;  // messages
  };
  static std::span<const Target> members_of(const Known& known) {
    if (known.match->empty()) return {};
    return known.match->groups.front().members;
  }
  static uint64_t room_of(const Receiver& receiver) {
    const Room& room = receiver.room;
    if (!room.connected.load(std::memory_order_relaxed)) return 0;
    uint64_t takes = uint64_t(room.window.load(std::memory_order_relaxed)) +
                     room.queue.load(std::memory_order_relaxed);
    return takes - std::min<uint64_t>(takes, room.underway.load(std::memory_order_relaxed));
  }

  const TopicTree& tree_;
  absl::flat_hash_map<const SharedGroup*, Known> known_;
};

}  // namespace

// The client is gone, its session stays: those who are there get what it has not acknowledged
// (§4.8.2 allows it at once), as far as they may and can take it. The rest stays as it is: handed
// back to this session it would be a new message, and its client might have it already.
void BrokerThread::hand_on_to_connected(Session& session) {
  Takers takers(hub_.tree);
  hand_on(session, [&](const SharedGroup& group, const Message& message) {
    return takers.take(group, message);
  });
}

// What was not sent yet goes to the members that are left. What was sent is still the client's to
// acknowledge [MQTT-3.10.4-3]; without another member it gets the rest too.
void BrokerThread::left_groups(Session& session, const std::vector<std::string_view>& filters) {
  std::vector<SharedGroupPtr> groups = session.leave(filters);
  absl::flat_hash_set<std::string_view> left;  // those that have members still
  for (const SharedGroupPtr& group : groups) {
    if (!hub_.tree.members_of(*group)->empty()) left.insert(group->filter);
  }
  if (left.empty()) return;
  hand_on(session,
          [&](const SharedGroup& group, const Message&) { return left.contains(group.filter); });
}

// Members that are absent since before there was anybody else may hold messages: they are asked on
// their home threads to hand them on.
void BrokerThread::member_connected(const SharedGroup& group) {
  MatchPtr match = hub_.tree.members_of(group);
  if (match->empty()) return;
  for (const Target& member : match->groups.front().members) {
    const Room& room = member.receiver->room;
    if (room.connected.load(std::memory_order_relaxed)) continue;
    if (!room.holds_messages.load(std::memory_order_relaxed)) continue;
    uint32_t home = member.receiver->home.load(std::memory_order_acquire);
    if (home == Receiver::kGone) continue;
    hub_.post(home, [absent = member.receiver](BrokerThread& there) {
      if (absent->home.load(std::memory_order_acquire) != there.index()) return;
      Session* held = absent->session;
      if (held == nullptr || held->is_attached()) return;
      there.hand_on_to_connected(*held);
    });
  }
}

}  // namespace weir::mqtt
