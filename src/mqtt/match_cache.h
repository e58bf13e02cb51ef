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
  // About 20 MB when full of 50-byte topics; forgotten as a whole then, since a working set larger
  // than this gains little from any order of replacement.
  static constexpr size_t kTopicsMax = 100'000;

  explicit MatchCache(const TopicTree& tree) : tree_(tree) {}

  // Valid until the next call.
  const MatchPtr& find(std::string_view topic) {
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
};

}  // namespace weir::mqtt
