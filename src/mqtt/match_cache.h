// MatchCache: topic -> match, as one io thread has looked it up before.
//
// Telemetry repeats its topics, so routing costs one hash look-up instead of a walk through the
// tree. An entry older than the tree's version is matched anew. One thread per cache.
#pragma once

#include <string_view>

#include "mqtt/text_map.h"
#include "mqtt/topic_tree.h"

namespace weir::mqtt {

class MatchCache {
 public:
  // About 20 MB when full of 50-byte topics, 50 MB of the longest that are kept; forgotten as a
  // whole then, since a working set larger than this gains little from any order of replacement.
  static constexpr size_t kTopicsMax = 100'000;
  // A topic may have 65,535 bytes. Longer ones than people give are matched each time, or a
  // publisher of made-up topics could fill gigabytes.
  static constexpr size_t kTopicBytesMax = 256;

  explicit MatchCache(const TopicTree& tree) : tree_(tree) {}
  size_t size() const { return matches_.size(); }

  // Valid until the next call.
  const MatchPtr& find(std::string_view topic) {
    if (topic.size() > kTopicBytesMax) return long_ = tree_.match(topic);
    auto entry = matches_.find(topic);
    if (entry == matches_.end()) {
      if (matches_.size() >= kTopicsMax) matches_.clear();
      entry = matches_.emplace(topic, tree_.match(topic)).first;
    } else if (entry->second->version != tree_.version()) {
      entry->second = tree_.match(topic);
    }
    return entry->second;
  }

 private:
  const TopicTree& tree_;
  TextMap<MatchPtr> matches_;
  MatchPtr long_;  // of the long topic asked for last
};

}  // namespace weir::mqtt
