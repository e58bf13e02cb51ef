// One mapping rule, as read from its `[[map]]` table and checked (docs/mapping.md).
//
// Plain data: rules.cc builds it, topic_mapping.cc specialises it for a topic, message_mapper.cc
// applies it.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ingest/payload_path.h"
#include "ingest/topic_pattern.h"
#include "model/value.h"

namespace weir::ingest {

// What a payload is read as. `automatic` looks: JSON, then a number, then text.
enum class Format : uint8_t { automatic, json, number, text, line };

// What happens to retained copies, which the broker replays when a client subscribes.
enum class Retained : uint8_t { fresh, all, never };

// Text with {names} of the topic: "plant_{site}".
struct NameTemplate {
  struct Part {
    std::string literal;
    int capture = -1;  // index into the pattern's names, or -1
  };
  std::vector<Part> parts;
  bool empty() const { return parts.empty(); }
};

struct TagRule {
  std::string name;
  NameTemplate text;                // unless it is a path
  std::optional<PayloadPath> path;  // "$.device.model"
};

struct FieldRule {
  std::string key;   // empty for `below`: the keys are the payload's
  PayloadPath path;  // empty steps for "*" alone: the whole payload
  bool below = false;
};

struct FieldConversion {
  std::string key;
  model::FieldType type = model::FieldType::float64;
  std::string yes, no;  // of "bool:ON/OFF"
};

struct Condition {
  PayloadPath path;
  bool wanted_equal = true;
  std::variant<std::nullptr_t, bool, double, std::string> literal;
};

// One point per array element, or per member object whose name becomes a tag.
struct EachRule {
  std::optional<PayloadPath> path;  // none: the payload itself
  std::string member_tag;           // empty: array elements
};

struct Rule {
  size_t number = 0;  // from 1
  TopicPattern pattern;
  std::vector<TopicPattern> skip;
  bool ignore = false;
  std::optional<Condition> when;
  Format format = Format::automatic;
  NameTemplate measurement;
  std::vector<TagRule> tags;
  std::vector<FieldRule> fields;  // empty: every leaf
  std::vector<std::string> drop;  // keys, or prefixes that end in ".*"
  std::vector<FieldConversion> types;
  std::optional<PayloadPath> time;
  std::optional<EachRule> each;
  NameTemplate bucket;
  Retained retained = Retained::fresh;

  std::string title() const;  // "rule 3 (zigbee2mqtt/{device})"
};

}  // namespace weir::ingest
