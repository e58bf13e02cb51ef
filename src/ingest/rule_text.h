// The small texts inside a rule: templates, conditions, conversions, each.
//
// Every function fails with Errc::invalid and words for whoever wrote the rule.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/rule.h"

namespace weir::ingest {

// "plant_{site}"; the names must be the topic's.
Result<NameTemplate> parse_template(std::string_view text, const std::vector<std::string>& names);
// "_type == 'location'", "battery != null", "state.on == true", "level != 3".
Result<Condition> parse_condition(std::string_view text);
// "float", "int", "uint", "bool", "string", "bool:ON/OFF".
Result<FieldConversion> parse_conversion(std::string_view key, std::string_view type);
// "readings[*]", "[*]", "{sensor}", "devices.{id}".
Result<EachRule> parse_each(std::string_view text);

}  // namespace weir::ingest
