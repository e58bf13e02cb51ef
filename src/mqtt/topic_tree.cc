#include "mqtt/topic_tree.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <mutex>

#include "mqtt/receiver.h"
#include "mqtt/text_map.h"

namespace weir::mqtt {
namespace {

struct Held {
  std::shared_ptr<Receiver> receiver;
  Subscription subscription;
};
using Holders = absl::flat_hash_map<const Receiver*, Held>;
using Found = std::vector<const Held*>;

// The first level of `rest` and what follows its '/'; no value when it was the last level.
struct Level {
  std::string_view text;
  std::optional<std::string_view> after;
};
Level first_level(std::string_view rest) {
  size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return {rest, std::nullopt};
  return {rest.substr(0, slash), rest.substr(slash + 1)};
}

void add_to_grant(Grant& grant, const Subscription& subscription) {
  grant.qos = std::max(grant.qos, subscription.options.qos);
  grant.retain_as_published |= subscription.options.retain_as_published;
  if (subscription.id != 0) grant.ids.push_back(subscription.id);
}

void add_to_target(Target& target, const Subscription& subscription) {
  add_to_grant(target.grant, subscription);
  if (subscription.options.no_local) {
    target.no_local = true;
  } else {
    if (!target.own) target.own.emplace();
    add_to_grant(*target.own, subscription);
  }
}

}  // namespace

struct TopicTree::Node {
  TextMap<std::unique_ptr<Node>> children;
  std::unique_ptr<Node> plus;
  Holders holders;       // of the filter that ends at this node
  Holders hash_holders;  // of the filter that goes on with "/#" only

  bool is_empty() const {
    return children.empty() && !plus && holders.empty() && hash_holders.empty();
  }

  Holders& holders_of(std::string_view filter) {
    Level level = first_level(filter);
    if (level.text == "#") return hash_holders;
    std::unique_ptr<Node>& child = level.text == "+" ? plus : children[level.text];
    if (!child) child = std::make_unique<Node>();
    return level.after ? child->holders_of(*level.after) : child->holders;
  }

  // Removes the receiver's subscription and the nodes it leaves empty.
  bool remove(std::string_view filter, const Receiver& receiver) {
    Level level = first_level(filter);
    if (level.text == "#") return hash_holders.erase(&receiver) > 0;
    auto literal = children.end();
    Node* child = plus.get();
    if (level.text != "+") {
      literal = children.find(level.text);
      child = literal == children.end() ? nullptr : literal->second.get();
    }
    if (child == nullptr) return false;
    bool removed =
        level.after ? child->remove(*level.after, receiver) : child->holders.erase(&receiver) > 0;
    if (!child->is_empty()) return removed;
    if (literal != children.end()) {
      children.erase(literal);
    } else {
      plus.reset();
    }
    return removed;
  }

  static void collect(const Holders& holders, Found& found) {
    for (const auto& [receiver, held] : holders) found.push_back(&held);
  }

  // `wildcards` is false at a first level that begins with '$' (§4.7.2).
  void match(std::string_view topic, bool wildcards, Found& found) const {
    if (wildcards) collect(hash_holders, found);
    Level level = first_level(topic);
    if (auto child = children.find(level.text); child != children.end()) {
      child->second->match_rest(level, found);
    }
    if (wildcards && plus) plus->match_rest(level, found);
  }
  void match_rest(const Level& taken, Found& found) const {
    if (taken.after) return match(*taken.after, true, found);
    collect(holders, found);
    collect(hash_holders, found);  // "a/#" matches "a"
  }
};

TopicTree::TopicTree() : root_(std::make_unique<Node>()) {}
TopicTree::~TopicTree() = default;

bool TopicTree::subscribe(std::string_view filter, std::shared_ptr<Receiver> receiver,
                          const Subscription& subscription) {
  std::unique_lock lock(mutex_);
  const Receiver* key = receiver.get();
  Held held{std::move(receiver), subscription};
  bool is_new = root_->holders_of(filter).insert_or_assign(key, std::move(held)).second;
  if (is_new) size_.fetch_add(1, std::memory_order_relaxed);
  version_.fetch_add(1, std::memory_order_release);
  return is_new;
}

bool TopicTree::unsubscribe(std::string_view filter, const Receiver& receiver) {
  std::unique_lock lock(mutex_);
  if (!root_->remove(filter, receiver)) return false;
  size_.fetch_sub(1, std::memory_order_relaxed);
  version_.fetch_add(1, std::memory_order_release);
  return true;
}

MatchPtr TopicTree::match(std::string_view topic) const {
  auto match = std::make_shared<Match>();
  Found found;
  std::shared_lock lock(mutex_);
  match->version = version();
  root_->match(topic, topic.empty() || topic[0] != '$', found);
  std::sort(found.begin(), found.end(),
            [](const Held* a, const Held* b) { return a->receiver.get() < b->receiver.get(); });
  for (const Held* held : found) {
    if (match->targets.empty() || match->targets.back().receiver != held->receiver) {
      match->targets.push_back({held->receiver, {}, false, std::nullopt});
    }
    add_to_target(match->targets.back(), held->subscription);
  }
  return match;
}

}  // namespace weir::mqtt
