// TopicMapping: what a rule set makes of one topic, worked out once and used for every message.
//
// Which rule takes the topic, its names filled in, tags sorted, the series key written out where
// nothing of it comes from payloads. Immutable; shared by threads; keeps its rule set alive.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/rules.h"

namespace weir::ingest {

struct TopicMapping {
  struct TagSlot {
    std::string name;
    std::string value;                  // unless it comes from the payload
    const PayloadPath* path = nullptr;  // from the payload
    bool is_member = false;             // the member name of `each = "{name}"`
  };

  std::shared_ptr<const RuleSet> rules;
  const Rule* rule = nullptr;   // null: automatic, or nothing
  std::string title;            // "rule 3 (a/{b})", "auto"; empty when nothing takes the topic
  std::string ignored_because;  // not empty: no payload on this topic is stored

  std::string measurement;
  std::vector<TagSlot> tags;      // sorted by name
  std::string series_key;         // raw key; empty if a tag comes from payloads
  std::string scalar_series_key;  // for a payload of one value; automatic mapping's differs
  std::string scalar_field;       // its field
  std::string field_prefix;       // "humidity." when {_field} names an object's group
  std::string bucket;             // empty: the default one

  bool is_automatic() const { return rule == nullptr; }
};

// Why a rule does not take a topic, for explain.
struct RuleTried {
  std::string rule, why_not;
};

// `tried` may be null.
std::shared_ptr<const TopicMapping> map_topic(std::shared_ptr<const RuleSet> rules,
                                              std::string_view topic,
                                              std::vector<RuleTried>* tried = nullptr);

// Names and tag values must survive line protocol: line ends become blanks; leading tabs and NULs,
// which it skips, go, and so do backslashes at the end or in front of a character that it escapes,
// because readers differ on what two of them mean there.
std::string_view cleaned(std::string_view text, std::string& scratch);

}  // namespace weir::ingest
