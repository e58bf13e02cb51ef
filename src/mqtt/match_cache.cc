#include "mqtt/match_cache.h"

#include <algorithm>

namespace weir::mqtt {
namespace {

bool are_equal(const Grant& a, const Grant& b) {
  return a.qos == b.qos && a.retain_as_published == b.retain_as_published && a.ids == b.ids &&
         a.group == b.group;
}
bool are_equal(const Target& a, const Target& b) {
  return a.receiver == b.receiver && are_equal(a.grant, b.grant) && a.no_local == b.no_local &&
         !a.own == !b.own && (!a.own || are_equal(*a.own, *b.own));
}
bool are_equal(const std::vector<Target>& a, const std::vector<Target>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Target& x, const Target& y) { return are_equal(x, y); });
}
bool are_equal(const Match& a, const Match& b) {
  return are_equal(a.targets, b.targets) &&
         std::equal(a.groups.begin(), a.groups.end(), b.groups.begin(), b.groups.end(),
                    [](const Match::Group& x, const Match::Group& y) {
                      return x.group == y.group && are_equal(x.members, y.members);
                    });
}

size_t targets_in(const Match& match) {
  size_t count = match.targets.size();
  for (const Match::Group& group : match.groups) count += group.members.size();
  return count;
}

size_t hash_of(const Match& match) {
  size_t hash = 0;
  auto add = [&](const void* pointer) {
    hash = (hash ^ reinterpret_cast<uintptr_t>(pointer)) * 0x9E3779B97F4A7C15;
  };
  for (const Target& target : match.targets) add(target.receiver.get());
  for (const Match::Group& group : match.groups) add(group.group.get());
  return hash >> 32;
}

}  // namespace

const MatchPtr& MatchCache::find(std::string_view topic) {
  if (topic.size() > kTopicBytesMax) {
    misses_++;
    return long_ = tree_.match(topic);
  }
  auto found = entries_.find(topic);
  if (found == entries_.end()) {
    if (entries_.size() >= kTopicsMax || targets_ >= kTargetsMax) {
      entries_.clear();
      recent_.fill(nullptr);
      targets_ = 0;
    }
    found = entries_.emplace(topic, Entry{}).first;
    found->second.places = ChangeCounters::places_of(topic);
    match_anew(topic, found->second);
    return found->second.match;
  }
  Entry& entry = found->second;
  uint32_t all = tree_.changes().all();
  if (entry.checked != all) {
    if (tree_.changes().stamp(entry.places) == entry.stamp) {
      entry.checked = all;
    } else {
      match_anew(topic, entry);
    }
  }
  return entry.match;
}

// The counters are read before the tree: a change in between makes the entry look older than it
// is, never newer.
void MatchCache::match_anew(std::string_view topic, Entry& entry) {
  misses_++;
  entry.checked = tree_.changes().all();
  entry.stamp = tree_.changes().stamp(entry.places);
  MatchPtr made = tree_.match(topic);
  MatchPtr& same = recent_[hash_of(*made) % recent_.size()];
  if (same == nullptr || !are_equal(*same, *made)) {
    targets_ += targets_in(*made);
    same = std::move(made);
  }
  entry.match = same;
}

}  // namespace weir::mqtt
