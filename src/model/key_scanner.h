// Finds the parts of a raw series key, `measurement[,tag=value...]`, without unescaping them.
//
// A backslash protects the character behind it, and is itself kept (line protocol reference).
// Shared by the line parser and parse_series_key(). Views into the given text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::model {

struct RawKey {
  std::string_view measurement;
  std::vector<std::pair<std::string_view, std::string_view>> tags;  // as sent: order, escapes
  size_t end = 0;               // of the key: at the first unescaped space, or the text's end
  const char* error = nullptr;  // InfluxDB's reason, or null
};

RawKey scan_key(std::string_view text);

// Removes the backslashes of `\,`, `\ ` and, unless in a measurement, `\=`; others are literal.
std::string_view unescape_key(std::string_view raw, bool is_measurement, std::string& scratch);

}  // namespace weir::model
