// Explain: what a message becomes and why, without storing anything.
//
// One function behind the API, the command line and the mapping page. The JSON form is that of
// docs/api.md, "map/explain". Pure; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ingest/message_mapper.h"

namespace weir::ingest {

struct Explanation {
  std::string rule;  // "rule 4 (tele/{device}/SENSOR)", "auto"; empty if nothing takes the topic
  std::vector<RuleTried> tried;     // the rules before it
  std::vector<std::string> points;  // line protocol, without line ends
  std::vector<MapNotes::Field> fields;
  std::string time, time_source;  // of the first point: RFC 3339, and "arrival: Time has no zone"
  std::vector<std::string> warnings;
  std::string bucket;                  // empty: the default one
  std::optional<std::string> dropped;  // why nothing is stored
};

Explanation explain(std::shared_ptr<const RuleSet> rules, const MessageView& message);

std::string explanation_json(const Explanation& explanation);

}  // namespace weir::ingest
