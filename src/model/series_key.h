// A series' identity: measurement and tags, and its text forms.
//
// The canonical key is line protocol's `measurement,tag=value,...`: escaped, tags sorted bytewise
// by key, no duplicates, no empty keys or values. Two raw keys name the same series exactly if
// their canonical keys are equal bytes. Escapes: "\," "\ " in a measurement, also "\=" in tag keys
// and values (line protocol reference, "Special characters").
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weir::model {

// InfluxDB's bound on an escaped series key, and on key and field key together.
inline constexpr size_t kKeyBytesMax = 65'535;

struct Tag {
  std::string key;
  std::string value;
  friend auto operator<=>(const Tag&, const Tag&) = default;
};

struct SeriesKey {
  std::string measurement;
  std::vector<Tag> tags;  // sorted by key, keys distinct

  // The value of a tag, or empty if the series has none.
  std::string_view tag(std::string_view key) const;
  // The canonical text form.
  std::string canonical() const;
  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

// Reads a raw key in any tag order. Errors are line protocol's: "missing measurement",
// "missing tag key", "missing tag value", "duplicate tags", "invalid tag format".
Result<SeriesKey> parse_series_key(std::string_view raw);

// Appends with line protocol's escapes. The format cannot express a trailing backslash of a tag
// (it would escape what follows); whoever makes keys from other sources strips it first.
void append_escaped_measurement(std::string& out, std::string_view measurement);
void append_escaped_tag(std::string& out, std::string_view key_or_value);

// `_field`, `_measurement`, `time`, "\xff" and "\0" mean something to the query languages and are
// refused as tag keys.
bool is_reserved_tag_key(std::string_view key);

}  // namespace weir::model
