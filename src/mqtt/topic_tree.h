// The subscriptions of all clients: which receivers does a topic name reach?
//
// A trie of topic levels with literal, `+` and `#` branches. Any thread subscribes, unsubscribes
// and matches; readers do not exclude each other. Every change raises version(); a Match made at an
// older version is stale (MatchCache). A client with several matching subscriptions is one target:
// one copy with the highest QoS and all subscription identifiers (MQTT 5 §3.3.4).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string_view>
#include <vector>

#include "mqtt/packet.h"

namespace weir::mqtt {

struct Receiver;

// How a message goes to one receiver.
struct Grant {
  uint8_t qos = 0;
  bool retain_as_published = false;
  std::vector<uint32_t> ids;  // subscription identifiers
};

struct Target {
  std::shared_ptr<Receiver> receiver;
  Grant grant;
  // Set when a "no local" subscription takes part: what the receiver gets of its own publishes.
  bool no_local = false;
  std::optional<Grant> own;
};

struct Match {
  uint64_t version = 0;
  std::vector<Target> targets;
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

  // `filter` is valid. Returns false if it replaced a subscription of the same receiver.
  bool subscribe(std::string_view filter, std::shared_ptr<Receiver> receiver,
                 const Subscription& subscription);
  // Returns whether there was one.
  bool unsubscribe(std::string_view filter, const Receiver& receiver);

  MatchPtr match(std::string_view topic) const;
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  size_t size() const { return size_.load(std::memory_order_relaxed); }  // subscriptions

 private:
  struct Node;
  mutable std::shared_mutex mutex_;
  std::unique_ptr<Node> root_;  // guarded by mutex_
  std::atomic<uint64_t> version_ = 1;
  std::atomic<size_t> size_ = 0;
};

}  // namespace weir::mqtt
