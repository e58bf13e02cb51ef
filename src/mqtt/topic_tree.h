// The subscriptions of all clients: which receivers does a topic name reach?
//
// A radix tree of topic levels: an edge holds the levels up to the next place where filters part or
// end, so there are at most two nodes per filter and a match takes time in proportion to the
// filters that begin like the topic, however many levels and `+` they have. Any thread subscribes,
// unsubscribes and matches; readers do not exclude each other. What a change may concern is told by
// stamps (ChangeCounters). A client with several matching subscriptions is one target: one copy
// with the highest QoS and all subscription identifiers (MQTT 5 §3.3.4). The members of a shared
// subscription, "$share/NAME/FILTER", come as a group of which one gets the message (§4.8.2).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/change_counters.h"
#include "mqtt/packet.h"

namespace weir::mqtt {

struct Receiver;

// One shared subscription, for as long as it has a member or a message.
struct SharedGroup {
  explicit SharedGroup(std::string text) : filter(std::move(text)) {}
  const std::string filter;        // "$share/NAME/FILTER"
  std::atomic<uint32_t> turn = 0;  // place of the member to ask first; routers write it, any thread
};
using SharedGroupPtr = std::shared_ptr<SharedGroup>;

// How a message goes to one receiver.
struct Grant {
  uint8_t qos = 0;
  bool retain_as_published = false;
  std::vector<uint32_t> ids;  // subscription identifiers
  SharedGroupPtr group{};     // whose message it is, if it came by a shared subscription
};

struct Target {
  std::shared_ptr<Receiver> receiver;
  Grant grant;
  // Set when a "no local" subscription takes part: what the receiver gets of its own publishes;
  // null: nothing.
  bool no_local = false;
  std::unique_ptr<Grant> own;
};

struct Match {
  struct Group {
    SharedGroupPtr group;
    std::vector<Target> members;  // in the order they joined
  };
  std::vector<Target> targets;
  std::vector<Group> groups;
  bool empty() const { return targets.empty() && groups.empty(); }
};
using MatchPtr = std::shared_ptr<const Match>;

struct Subscription {
  SubscriptionOptions options;
  uint32_t id = 0;  // subscription identifier; 0: none
};

class TopicTree {
 public:
  TopicTree();
  ~TopicTree();

  struct Subscribed {
    bool is_new = false;   // false: it replaced a subscription of the same receiver
    SharedGroupPtr group;  // of a shared subscription
  };
  // `filter` is valid; "$share/NAME/..." makes the receiver a member.
  Subscribed subscribe(std::string_view filter, std::shared_ptr<Receiver> receiver,
                       const Subscription& subscription);
  // Returns whether there was one.
  bool unsubscribe(std::string_view filter, const Receiver& receiver);

  // Without receivers that may not be given the topic; those of groups are asked when one is
  // chosen.
  MatchPtr match(std::string_view topic) const;
  // What a receiver that holds this filter may be given has changed.
  void rights_changed(std::string_view filter);
  // The group alone, with its members of this moment; without groups when it has none left.
  MatchPtr members_of(const SharedGroup& group) const;
  const ChangeCounters& changes() const { return changes_; }
  size_t size() const { return size_.load(std::memory_order_relaxed); }  // subscriptions
  // Of these, memberships of shared subscriptions.
  size_t shared_size() const { return shared_size_.load(std::memory_order_relaxed); }

 private:
  struct State;
  mutable std::shared_mutex mutex_;
  std::unique_ptr<State> state_;  // guarded by mutex_
  ChangeCounters changes_;
  std::atomic<size_t> size_ = 0, shared_size_ = 0;
};

}  // namespace weir::mqtt
