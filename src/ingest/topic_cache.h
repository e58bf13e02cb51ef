// TopicCache: the mappings of topics seen lately, for one rule set.
//
// Striped, so that io threads rarely meet. Bounded: a stripe that is full starts over, which costs
// its topics one look at the rules each. Any thread.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "base/sync.h"
#include "base/text_hash.h"
#include "ingest/arrival.h"
#include "ingest/topic_mapping.h"

namespace weir::ingest {

// Enough for a large site; about 600 bytes each.
inline constexpr size_t kCachedTopicsMax = 100'000;

class TopicCache {
 public:
  explicit TopicCache(std::shared_ptr<const RuleSet> rules) : rules_(std::move(rules)) {}

  struct Entry {
    std::shared_ptr<const TopicMapping> mapping;
    ArrivalSequence arrivals;
    // Automatic mapping's two series of a topic, once they count against auto.max_series.
    std::atomic<bool> series_admitted = false, scalar_admitted = false;
  };
  std::shared_ptr<Entry> find(std::string_view topic) {
    const size_t hash = TextHash()(topic);
    Guarded<Stripe>& guarded = stripes_[hash % kStripes];
    {
      auto stripe = guarded.lock();
      if (auto place = stripe->find(topic, hash); place != stripe->end()) return place->second;
    }
    auto entry = std::make_shared<Entry>();
    entry->mapping = map_topic(rules_, topic);
    auto stripe = guarded.lock();
    if (stripe->size() >= kCachedTopicsMax / kStripes) stripe->clear();
    return stripe->try_emplace(std::string(topic), std::move(entry)).first->second;
  }
  const std::shared_ptr<const RuleSet>& rules() const { return rules_; }

 private:
  static constexpr size_t kStripes = 16;
  struct Equal {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const { return a == b; }
  };
  using Stripe = absl::flat_hash_map<std::string, std::shared_ptr<Entry>, TextHash, Equal>;

  std::shared_ptr<const RuleSet> rules_;
  std::array<Guarded<Stripe>, kStripes> stripes_;
};

}  // namespace weir::ingest
