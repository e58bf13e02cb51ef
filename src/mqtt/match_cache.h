// MatchCache: topic -> match, as one io thread has looked it up before.
//
// Telemetry repeats its topics, so routing costs one hash look-up instead of a walk through the
// tree. An entry is matched anew when a subscription that may concern its topic has changed
// (ChangeCounters). Topics with the same receivers share one Match. One thread per cache.
#pragma once

#include <array>
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
  // Targets in all matches: about 80 MB. Topics that thousands receive are matched anew rather than
  // kept by the hundred thousand.
  static constexpr size_t kTargetsMax = 1'000'000;

  explicit MatchCache(const TopicTree& tree) : tree_(tree) {}
  size_t size() const { return entries_.size(); }
  size_t misses() const { return misses_; }  // how often the tree was asked

  // Valid until the next call.
  const MatchPtr& find(std::string_view topic);

 private:
  struct Entry {
    MatchPtr match;
    ChangeCounters::Places places;
    uint32_t stamp = 0;    // of `places` when matched
    uint32_t checked = 0;  // changes().all() when the stamp was last found to hold
  };
  void match_anew(std::string_view topic, Entry& entry);

  const TopicTree& tree_;
  TextMap<Entry> entries_;
  size_t targets_ = 0;  // in the matches made since entries_ was empty
  size_t misses_ = 0;
  std::array<MatchPtr, 64> recent_;  // by a hash of their receivers
  MatchPtr long_;                    // of the long topic asked for last
};

}  // namespace weir::mqtt
