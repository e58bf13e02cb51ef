// Topic names and topic filters: validity and matching (MQTT 5 §4.7, 3.1.1 §4.7).
//
// A name has no wildcards. A filter's `+` takes one whole level, a final `#` the rest, the parent
// included; neither matches a first level that starts with `$`. Both are 1..65535 bytes of valid
// UTF-8 without U+0000.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace weir::mqtt {

inline constexpr size_t kTopicLevelsMax = 200;  // deeper ones are refused; mosquitto's bound

bool is_valid_topic_name(std::string_view name);
bool is_valid_topic_filter(std::string_view filter);
bool topic_matches(std::string_view filter, std::string_view name);
// $SYS is the server's own (§4.7.2).
bool is_servers_topic(std::string_view topic);
// Below it other brokers' bridges tell of themselves by their wills.
inline constexpr std::string_view kBridgeStates = "$SYS/broker/connection/";

// The filter of the names that two filters both match; none when there is no such name.
std::optional<std::string> common_filter(std::string_view a, std::string_view b);
// Whether every name that `filter` matches is matched by `wide` too.
bool covers(std::string_view wide, std::string_view filter);

// "$share/NAME/FILTER" (MQTT 5 §4.8.2): NAME is not empty and without wildcards.
bool is_shared_filter(std::string_view filter);      // whether it claims to be one
bool has_valid_share_name(std::string_view filter);  // and has a NAME and some FILTER
// FILTER of "$share/NAME/FILTER", or `filter` itself if it is not shared.
std::string_view plain_filter(std::string_view filter);

}  // namespace weir::mqtt
