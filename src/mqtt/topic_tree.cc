#include "mqtt/topic_tree.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <algorithm>
#include <mutex>
#include <span>

#include "mqtt/receiver.h"
#include "mqtt/text_map.h"
#include "mqtt/topic.h"

namespace weir::mqtt {
namespace {

// Topic levels as numbers, so that comparing and hashing them costs nothing.
using LevelId = uint32_t;
using Levels = std::vector<LevelId>;
using LevelSpan = std::span<const LevelId>;
constexpr LevelId kPlus = 0;
constexpr LevelId kUnknown = UINT32_MAX;  // in no filter: only a wildcard matches it

template <class Visit>
void for_each_level(std::string_view text, Visit visit) {
  for (size_t from = 0;;) {
    size_t slash = text.find('/', from);
    visit(text.substr(from, slash - from));
    if (slash == std::string_view::npos) return;
    from = slash + 1;
  }
}

class LevelNames {
 public:
  LevelId find(std::string_view text) const {
    auto found = uses_.find(text);
    return found == uses_.end() ? kUnknown : found->second.id;
  }
  // The number of a level of a new filter, which is to be released with the filter.
  LevelId take(std::string_view text) {
    Use& use = uses_[text];
    if (use.count++ > 0) return use.id;
    if (free_.empty()) return use.id = ++last_;
    use.id = free_.back();
    free_.pop_back();
    return use.id;
  }
  void release(std::string_view text) {
    auto found = uses_.find(text);
    if (--found->second.count > 0) return;
    free_.push_back(found->second.id);
    uses_.erase(found);
  }

 private:
  struct Use {
    LevelId id = 0;
    uint32_t count = 0;  // filters' levels
  };
  TextMap<Use> uses_;
  Levels free_;
  LevelId last_ = kPlus;
};

struct Holder {
  std::shared_ptr<Receiver> receiver;
  Subscription subscription;
};

struct GroupEnd {
  SharedGroupPtr group;
  std::vector<Holder> members;  // in the order they joined
};

using Groups = std::vector<GroupEnd>;

// What ends at one place of the tree: the holders of one filter, shared or not.
struct FilterEnd {
  std::vector<Holder> holders;     // by address
  std::unique_ptr<Groups> groups;  // by text of their filter; null: none
  bool is_empty() const { return holders.empty() && !groups; }
};
using Found = std::vector<const FilterEnd*>;

auto place_in(std::vector<Holder>& holders, const Receiver* receiver) {
  return std::lower_bound(holders.begin(), holders.end(), receiver,
                          [](const Holder& holder, const Receiver* wanted) {
                            return std::less<>()(holder.receiver.get(), wanted);
                          });
}

auto place_among(std::vector<Holder>& members, const Receiver* receiver) {
  return std::find_if(members.begin(), members.end(),
                      [&](const Holder& member) { return member.receiver.get() == receiver; });
}

auto place_of(Groups& groups, std::string_view filter) {
  return std::lower_bound(
      groups.begin(), groups.end(), filter,
      [](const GroupEnd& end, std::string_view wanted) { return end.group->filter < wanted; });
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
    if (!target.own) target.own = std::make_unique<Grant>();
    add_to_grant(*target.own, subscription);
  }
}

Match::Group with_members(const GroupEnd& end) {
  Match::Group group{end.group, {}};
  group.members.reserve(end.members.size());
  for (const Holder& holder : end.members) {
    Target& member = group.members.emplace_back();
    member.receiver = holder.receiver;
    add_to_grant(member.grant, holder.subscription);
    member.grant.group = end.group;
  }
  return group;
}

// Most are a few levels: without memory of their own.
using Edge = absl::InlinedVector<LevelId, 4>;

struct Node {
  Edge edge;  // from the parent to here; not empty but at the root
  using Children = absl::flat_hash_map<LevelId, std::unique_ptr<Node>>;
  std::unique_ptr<Children> children;  // by the first level of their edge; null: none
  std::unique_ptr<Node> plus;          // whose edge begins with kPlus
  std::unique_ptr<FilterEnd> here;     // of the filter that ends at this node
  std::unique_ptr<FilterEnd> hash;     // of the filter that goes on with "/#" only

  bool has_ends() const { return here || hash; }
  size_t children_count() const { return (children ? children->size() : 0) + (plus ? 1 : 0); }
  std::unique_ptr<Node>& child_for(LevelId level) {
    if (level == kPlus) return plus;
    if (!children) children = std::make_unique<Children>();
    return (*children)[level];
  }
  const Node* find_child(LevelId level) const {
    if (level == kPlus) return plus.get();
    if (!children) return nullptr;
    auto found = children->find(level);
    return found == children->end() ? nullptr : found->second.get();
  }

  // `wildcards` is false at a first level that begins with '$' (§4.7.2).
  void match(LevelSpan topic, bool wildcards, Found& found) const {
    if (wildcards && hash) found.push_back(hash.get());  // "a/#" matches "a" too
    if (topic.empty()) {
      if (here) found.push_back(here.get());
      return;
    }
    if (topic[0] != kUnknown) {
      if (const Node* child = find_child(topic[0])) child->match_edge(topic, found);
    }
    if (wildcards && plus) plus->match_edge(topic, found);
  }
  void match_edge(LevelSpan topic, Found& found) const {
    if (edge.size() > topic.size()) return;
    for (size_t i = 0; i < edge.size(); i++) {
      if (edge[i] != topic[i] && edge[i] != kPlus) return;
    }
    match(topic.subspan(edge.size()), true, found);
  }
};

size_t shared_prefix(const Edge& edge, LevelSpan path) {
  return static_cast<size_t>(
      std::mismatch(edge.begin(), edge.end(), path.begin(), path.end()).first - edge.begin());
}

// Puts a node into the edge above `slot`, behind its first `levels` levels.
void split(std::unique_ptr<Node>& slot, size_t levels) {
  auto upper = std::make_unique<Node>();
  Edge& edge = slot->edge;
  upper->edge.assign(edge.begin(), edge.begin() + static_cast<ptrdiff_t>(levels));
  edge.erase(edge.begin(), edge.begin() + static_cast<ptrdiff_t>(levels));
  upper->child_for(edge[0]) = std::move(slot);
  slot = std::move(upper);
}

// The node at the end of `path`, which is made if need be.
Node& reach(Node& root, LevelSpan path) {
  Node* at = &root;
  while (!path.empty()) {
    std::unique_ptr<Node>& slot = at->child_for(path[0]);
    if (!slot) {
      slot = std::make_unique<Node>();
      slot->edge.assign(path.begin(), path.end());
      return *slot;
    }
    size_t same = shared_prefix(slot->edge, path);
    if (same < slot->edge.size()) split(slot, same);
    at = slot.get();
    path = path.subspan(same);
  }
  return *at;
}

const Node* find_node(const Node& root, LevelSpan path) {
  const Node* at = &root;
  while (!path.empty()) {
    const Node* child = at->find_child(path[0]);
    if (child == nullptr || child->edge.size() > path.size() ||
        shared_prefix(child->edge, path) < child->edge.size()) {
      return nullptr;
    }
    at = child;
    path = path.subspan(child->edge.size());
  }
  return at;
}

// Removes what holds no filter any more, and nodes that only pass on, along `path`.
void prune(Node& node, LevelSpan path) {
  if (path.empty()) return;
  LevelId first = path[0];
  std::unique_ptr<Node>& slot = node.child_for(first);
  Node& child = *slot;
  prune(child, path.subspan(child.edge.size()));
  if (child.has_ends() || child.children_count() > 1) return;
  if (child.children_count() == 1) {
    std::unique_ptr<Node> only =
        child.plus ? std::move(child.plus) : std::move(child.children->begin()->second);
    only->edge.insert(only->edge.begin(), child.edge.begin(), child.edge.end());
    slot = std::move(only);
  } else if (first == kPlus) {
    slot.reset();
  } else {
    node.children->erase(first);
    if (node.children->empty()) node.children.reset();
  }
}

// A filter taken apart: "$share/NAME/" off, a final "#" off.
struct Filter {
  explicit Filter(std::string_view text)
      : plain(plain_filter(text)), is_shared(is_shared_filter(text)) {
    ends_with_hash = plain == "#" || plain.ends_with("/#");
    path = plain.substr(0, plain.size() - (ends_with_hash ? 1 : 0));
    if (path.ends_with('/') && ends_with_hash) path.remove_suffix(1);
    has_path = plain != "#";
  }
  std::string_view plain, path;
  bool is_shared = false, ends_with_hash = false, has_path = true;
};

// The receivers of all filters found, each once.
void gather(const Found& found, std::vector<Target>& targets) {
  std::vector<const Holder*> holders;
  size_t lists = 0;
  for (const FilterEnd* end : found) {
    lists += end->holders.empty() ? 0 : 1;
    for (const Holder& holder : end->holders) holders.push_back(&holder);
  }
  if (lists > 1) {
    std::sort(holders.begin(), holders.end(), [](const Holder* a, const Holder* b) {
      return std::less<>()(a->receiver.get(), b->receiver.get());
    });
  }
  targets.reserve(holders.size());
  for (const Holder* holder : holders) {
    if (targets.empty() || targets.back().receiver != holder->receiver) {
      targets.emplace_back().receiver = holder->receiver;
    }
    add_to_target(targets.back(), holder->subscription);
  }
}

}  // namespace

struct TopicTree::State {
  Node root;
  LevelNames names;

  Levels path_of(const Filter& filter) const {
    Levels path;
    if (!filter.has_path) return path;
    for_each_level(filter.path, [&](std::string_view level) {
      path.push_back(level == "+" ? kPlus : names.find(level));
    });
    return path;
  }
  Levels take_path(const Filter& filter) {
    Levels path;
    if (!filter.has_path) return path;
    for_each_level(filter.path, [&](std::string_view level) {
      path.push_back(level == "+" ? kPlus : names.take(level));
    });
    return path;
  }
  void release_path(const Filter& filter) {
    if (!filter.has_path) return;
    for_each_level(filter.path, [&](std::string_view level) {
      if (level != "+") names.release(level);
    });
  }
  FilterEnd* find_end(const Filter& filter) const {
    const Node* node = find_node(root, path_of(filter));
    if (node == nullptr) return nullptr;
    return filter.ends_with_hash ? node->hash.get() : node->here.get();
  }
  FilterEnd& make_end(const Filter& filter) {
    if (FilterEnd* end = find_end(filter)) return *end;
    Node& node = reach(root, take_path(filter));
    std::unique_ptr<FilterEnd>& end = filter.ends_with_hash ? node.hash : node.here;
    end = std::make_unique<FilterEnd>();
    return *end;
  }
  void drop_end(const Filter& filter) {
    Levels path = path_of(filter);
    Node& node = reach(root, path);
    (filter.ends_with_hash ? node.hash : node.here).reset();
    prune(root, path);
    release_path(filter);
  }
};

TopicTree::TopicTree() : state_(std::make_unique<State>()) {}
TopicTree::~TopicTree() = default;

TopicTree::Subscribed TopicTree::subscribe(std::string_view text,
                                           std::shared_ptr<Receiver> receiver,
                                           const Subscription& subscription) {
  Filter filter(text);
  Subscribed done;
  std::unique_lock lock(mutex_);
  FilterEnd& end = state_->make_end(filter);
  std::vector<Holder>* holders = &end.holders;
  std::vector<Holder>::iterator at;
  if (filter.is_shared) {
    if (!end.groups) end.groups = std::make_unique<Groups>();
    auto group = place_of(*end.groups, text);
    if (group == end.groups->end() || group->group->filter != text) {
      group = end.groups->insert(group, {std::make_shared<SharedGroup>(std::string(text)), {}});
    }
    done.group = group->group;
    holders = &group->members;
    at = place_among(*holders, receiver.get());
  } else {
    at = place_in(*holders, receiver.get());
  }
  done.is_new = at == holders->end() || at->receiver != receiver;
  if (done.is_new) {
    holders->insert(at, {std::move(receiver), subscription});
    size_.fetch_add(1, std::memory_order_relaxed);
    if (filter.is_shared) shared_size_.fetch_add(1, std::memory_order_relaxed);
  } else {
    at->subscription = subscription;
  }
  changes_.changed(filter.plain);
  return done;
}

bool TopicTree::unsubscribe(std::string_view text, const Receiver& receiver) {
  Filter filter(text);
  std::unique_lock lock(mutex_);
  FilterEnd* end = state_->find_end(filter);
  if (end == nullptr) return false;
  if (filter.is_shared) {
    if (!end->groups) return false;
    auto group = place_of(*end->groups, text);
    if (group == end->groups->end() || group->group->filter != text) return false;
    auto at = place_among(group->members, &receiver);
    if (at == group->members.end()) return false;
    group->members.erase(at);
    if (group->members.empty()) end->groups->erase(group);
    if (end->groups->empty()) end->groups.reset();
  } else {
    auto at = place_in(end->holders, &receiver);
    if (at == end->holders.end() || at->receiver.get() != &receiver) return false;
    end->holders.erase(at);
  }
  if (end->is_empty()) state_->drop_end(filter);
  size_.fetch_sub(1, std::memory_order_relaxed);
  if (filter.is_shared) shared_size_.fetch_sub(1, std::memory_order_relaxed);
  changes_.changed(filter.plain);
  return true;
}

MatchPtr TopicTree::match(std::string_view topic) const {
  thread_local Levels levels;
  thread_local Found found;
  levels.clear();
  found.clear();
  auto match = std::make_shared<Match>();
  std::shared_lock lock(mutex_);
  for_each_level(topic,
                 [&](std::string_view level) { levels.push_back(state_->names.find(level)); });
  state_->root.match(levels, topic.empty() || topic[0] != '$', found);
  gather(found, match->targets);
  std::erase_if(match->targets,
                [&](const Target& target) { return !target.receiver->may_receive(topic); });
  for (const FilterEnd* end : found) {
    if (!end->groups) continue;
    for (const GroupEnd& group : *end->groups) match->groups.push_back(with_members(group));
  }
  return match;
}

void TopicTree::rights_changed(std::string_view filter) {
  std::unique_lock lock(mutex_);
  changes_.changed(Filter(filter).plain);
}

MatchPtr TopicTree::members_of(const SharedGroup& group) const {
  Filter filter(group.filter);
  auto match = std::make_shared<Match>();
  std::shared_lock lock(mutex_);
  FilterEnd* end = state_->find_end(filter);
  if (end == nullptr || !end->groups) return match;
  auto at = place_of(*end->groups, group.filter);
  if (at == end->groups->end() || at->group->filter != group.filter) return match;
  match->groups.push_back(with_members(*at));
  return match;
}

}  // namespace weir::mqtt
