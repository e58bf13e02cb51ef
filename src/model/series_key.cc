#include "model/series_key.h"

#include <algorithm>

#include "model/key_scanner.h"

namespace weir::model {
namespace {

void append_escaped(std::string& out, std::string_view text, std::string_view special) {
  for (char c : text) {
    if (special.find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
}

// Scans one name up to an unescaped character of `stops`; the first character is not looked at.
size_t find_unescaped(std::string_view text, size_t from, std::string_view stops) {
  for (size_t i = from + 1; i < text.size(); i++) {
    if (text[i - 1] != '\\' && stops.find(text[i]) != std::string_view::npos) return i;
  }
  return text.size();
}

}  // namespace

RawKey scan_key(std::string_view text) {
  RawKey key;
  auto fail = [&key](const char* reason, size_t at) {
    key.error = reason;
    key.end = at;
    return key;
  };
  if (text.empty() || text[0] == ',') return fail("missing measurement", 0);
  size_t at = find_unescaped(text, 0, ", ");
  key.measurement = text.substr(0, at);
  while (at < text.size() && text[at] == ',') {
    const size_t key_begin = at + 1;
    auto is_one_of = [text](size_t i, std::string_view characters) {
      return i >= text.size() || characters.find(text[i]) != std::string_view::npos;
    };
    if (is_one_of(key_begin, " ,=")) return fail("missing tag key", key_begin);
    const size_t equals = find_unescaped(text, key_begin, " ,=");
    if (equals == text.size() || text[equals] != '=') return fail("missing tag value", equals);
    const size_t value_begin = equals + 1;
    if (is_one_of(value_begin, " ,")) return fail("missing tag value", value_begin);
    if (text[value_begin] == '=') return fail("invalid tag format", value_begin);
    at = find_unescaped(text, value_begin, " ,=");
    if (at < text.size() && text[at] == '=') return fail("invalid tag format", at);
    key.tags.emplace_back(text.substr(key_begin, equals - key_begin),
                          text.substr(value_begin, at - value_begin));
  }
  key.end = at;
  return key;
}

std::string_view unescape_key(std::string_view raw, bool is_measurement, std::string& scratch) {
  if (raw.find('\\') == std::string_view::npos) return raw;
  scratch.clear();
  for (size_t i = 0; i < raw.size(); i++) {
    if (raw[i] == '\\' && i + 1 < raw.size()) {
      const char next = raw[i + 1];
      if (next == ',' || next == ' ' || (next == '=' && !is_measurement)) i++;
    }
    scratch.push_back(raw[i]);
  }
  return scratch;
}

std::string_view SeriesKey::tag(std::string_view key) const {
  auto place = std::lower_bound(tags.begin(), tags.end(), key,
                                [](const Tag& a, std::string_view b) { return a.key < b; });
  if (place == tags.end() || place->key != key) return {};
  return place->value;
}

std::string SeriesKey::canonical() const {
  std::string text;
  append_escaped_measurement(text, measurement);
  for (const Tag& tag : tags) {
    text.push_back(',');
    append_escaped_tag(text, tag.key);
    text.push_back('=');
    append_escaped_tag(text, tag.value);
  }
  return text;
}

Result<SeriesKey> parse_series_key(std::string_view raw) {
  const RawKey parts = scan_key(raw);
  if (parts.error != nullptr) return Error{Errc::invalid, parts.error};
  if (parts.end != raw.size()) return Error{Errc::invalid, "unescaped space in a series key"};
  std::string scratch;
  SeriesKey key;
  key.measurement = unescape_key(parts.measurement, true, scratch);
  key.tags.reserve(parts.tags.size());
  for (const auto& [tag_key, tag_value] : parts.tags) {
    Tag& tag = key.tags.emplace_back();
    tag.key = unescape_key(tag_key, false, scratch);
    tag.value = unescape_key(tag_value, false, scratch);
  }
  auto by_key = [](const Tag& a, const Tag& b) { return a.key < b.key; };
  if (!std::is_sorted(key.tags.begin(), key.tags.end(), by_key)) {
    std::sort(key.tags.begin(), key.tags.end(), by_key);
  }
  auto same_key = [](const Tag& a, const Tag& b) { return a.key == b.key; };
  if (std::adjacent_find(key.tags.begin(), key.tags.end(), same_key) != key.tags.end()) {
    return Error{Errc::invalid, "duplicate tags"};
  }
  return key;
}

void append_escaped_measurement(std::string& out, std::string_view measurement) {
  append_escaped(out, measurement, ", ");
}

void append_escaped_tag(std::string& out, std::string_view key_or_value) {
  append_escaped(out, key_or_value, ", =");
}

bool is_reserved_tag_key(std::string_view key) {
  return key == "_field" || key == "_measurement" || key == "time" || key == "\xff" ||
         key == std::string_view("\0", 1);
}

}  // namespace weir::model
