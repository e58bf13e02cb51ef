#include "model/slow_line.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "model/field_text.h"
#include "model/key_scanner.h"
#include "model/series_key.h"

namespace weir::model {
namespace {

size_t skip_blanks(std::string_view line, size_t at) {
  while (at < line.size() && is_line_blank(line[at])) at++;
  return at;
}

// The end of an unquoted value.
size_t value_end(std::string_view line, size_t at) {
  return std::min(line.find_first_of(", ", at), line.size());
}

// Walks the fields for their shape alone and returns their end. The order of these checks is what
// decides which of several mistakes a client is told about.
size_t check_fields(std::string_view line, size_t begin, std::string& reason) {
  bool quoted = false;
  size_t equals = 0, commas = 0, i = begin;
  auto preceded_by = [&](char c) {
    return i > begin && line[i - 1] == c && !(i > begin + 1 && line[i - 2] == '\\');
  };
  while (i < line.size()) {
    const char c = line[i];
    if (c == '\\' && i + 1 < line.size()) {
      i += 2;
    } else if (c == '"' && equals > commas) {
      quoted = !quoted;
      i++;
    } else if (quoted) {
      i++;
    } else if (c == '=') {
      equals++;
      if (i == begin || preceded_by(',')) return reason = "missing field key", i;
      if (i + 1 >= line.size() || line[i + 1] == ',' || line[i + 1] == ' ') {
        return reason = "missing field value", i;
      }
      if (line[++i] == '"') continue;
      const size_t end = value_end(line, i);
      if (!parse_value(line.substr(i, end - i), reason)) return i;
      i = end;
    } else if (c == ' ') {
      break;
    } else {
      commas += c == ',' ? 1 : 0;
      i++;
    }
  }
  if (quoted) {
    reason = "unbalanced quotes";
  } else if (equals == 0 || commas != equals - 1) {
    reason = "invalid field format";
  }
  return i;
}

// Undoes `\"` and `\\`; other backslashes stay.
std::string_view unescape_string(std::string_view raw, PointBatch& batch) {
  if (raw.find('\\') == std::string_view::npos) return raw;
  std::string text;
  for (size_t i = 0; i < raw.size(); i++) {
    if (raw[i] == '\\' && i + 1 < raw.size() && (raw[i + 1] == '"' || raw[i + 1] == '\\')) i++;
    text.push_back(raw[i]);
  }
  return batch.copy(text);
}

size_t find_skipping_escapes(std::string_view text, size_t from, char wanted) {
  size_t i = from;
  while (i < text.size() && text[i] != wanted) i += text[i] == '\\' && i + 1 < text.size() ? 2 : 1;
  return i;
}

// Reads checked fields into the batch; false if they are shaped in a way only a reader notices.
bool read_fields(std::string_view fields, size_t series_key_bytes, PointBatch& batch,
                 std::string& reason) {
  std::string scratch;
  for (size_t at = 0; at < fields.size();) {
    const size_t equals = find_skipping_escapes(fields, at, '=');
    if (equals >= fields.size()) return reason = "invalid field format", false;
    const std::string_view raw_key = fields.substr(at, equals - at);
    // InfluxDB counts four bytes of separator between series key and field key.
    const size_t key_bytes = series_key_bytes + 4 + raw_key.size();
    if (key_bytes > kKeyBytesMax) {
      reason = "max key length exceeded: " + std::to_string(key_bytes) + " > " +
               std::to_string(kKeyBytesMax);
      return false;
    }
    const std::string_view plain = unescape_key(raw_key, false, scratch);
    const std::string_view key = plain.data() == raw_key.data() ? plain : batch.copy(plain);
    const size_t value_begin = equals + 1;
    size_t end;
    std::optional<FieldValue> value;
    if (value_begin < fields.size() && fields[value_begin] == '"') {
      const size_t close = find_skipping_escapes(fields, value_begin + 1, '"');
      if (close >= fields.size()) return reason = "unbalanced quotes", false;
      value = FieldValue::of_string(
          unescape_string(fields.substr(value_begin + 1, close - value_begin - 1), batch));
      end = close + 1;
      if (fields.substr(end) == "\r") end++;  // the carriage return of a CRLF line
    } else {
      end = value_end(fields, value_begin);
      value = parse_value(fields.substr(value_begin, end - value_begin), reason);
      if (!value) return false;
    }
    if (end < fields.size() && fields[end] != ',') return reason = "invalid field format", false;
    batch.add_field(key, *value);
    at = end + 1;
  }
  return true;
}

// The last of several fields of one name wins, and `time` is no field: it is dropped beside others.
// Alone it stays, so that the store can say which measurement the point was for.
void tidy_fields(PointBatch& batch) {
  BatchPoint& point = batch.points.back();
  const auto begin = batch.fields.begin() + point.fields_begin;
  const bool has_others = std::any_of(begin, batch.fields.end(),
                                      [](const BatchField& field) { return field.key != "time"; });
  std::vector<BatchField> kept;
  for (auto field = begin; field != batch.fields.end(); ++field) {
    if (has_others && field->key == "time") continue;
    auto same_key = [&](const BatchField& other) { return other.key == field->key; };
    auto earlier = std::find_if(kept.begin(), kept.end(), same_key);
    if (earlier == kept.end()) {
      kept.push_back(*field);
    } else {
      earlier->value = field->value;
    }
  }
  if (kept.size() == point.fields_count) return;
  batch.fields.erase(begin, batch.fields.end());
  batch.fields.insert(batch.fields.end(), kept.begin(), kept.end());
  point.fields_count = static_cast<uint32_t>(kept.size());
}

bool check_tags(const RawKey& key, std::string& reason) {
  std::vector<std::string> names;
  std::string scratch;
  for (const auto& tag : key.tags) names.emplace_back(unescape_key(tag.first, false, scratch));
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    return reason = "duplicate tags", false;
  }
  for (const std::string& name : names) {
    if (!is_reserved_tag_key(name)) continue;
    const bool printable = name.size() > 1;
    reason = "cannot use reserved tag key \"" +
             (printable ? name : std::string(name == "\xff" ? "\\xff" : "\\x00")) + "\"";
    return false;
  }
  return true;
}

bool read_time(std::string_view line, size_t at, int64_t unit_ns, int64_t& time_ns,
               std::string& reason) {
  const size_t begin = skip_blanks(line, at);
  size_t end = begin;
  if (end < line.size() && line[end] == '-') end++;
  while (end < line.size() && line[end] >= '0' && line[end] <= '9') end++;
  if (end < line.size() && line[end] != ' ') return reason = "bad timestamp", false;
  if (end == begin) return true;  // none: the default stays
  const std::string text(line.substr(begin, end - begin));
  int64_t count = 0;
  const std::errc failure = std::from_chars(text.data(), text.data() + text.size(), count).ec;
  if (failure != std::errc()) {
    reason = "strconv.ParseInt: parsing \"" + text + "\": " +
             (failure == std::errc::result_out_of_range ? "value out of range" : "invalid syntax");
    return false;
  }
  int64_t scaled = 0;
  if (__builtin_mul_overflow(count, unit_ns, &scaled) || scaled < kLineTimeMin ||
      scaled > kLineTimeMax) {
    reason =
        "time outside range " + std::to_string(kLineTimeMin) + " - " + std::to_string(kLineTimeMax);
    return false;
  }
  if (line.find_first_not_of(' ', end) != std::string_view::npos) {
    return reason = "point is invalid", false;
  }
  time_ns = scaled;
  return true;
}

}  // namespace

size_t find_line_end(std::string_view text, size_t begin) {
  bool quoted = false, in_fields = false;
  size_t equals = 0, commas = 0;
  const size_t content = skip_blanks(text, begin);
  if (content < text.size() && text[content] == '#') {  // quotes mean nothing in a comment
    return std::min(text.find('\n', content), text.size());
  }
  for (size_t i = content; i < text.size(); i++) {
    const char c = text[i];
    if (c == '\\' && i + 2 < text.size()) {
      i++;
    } else if (c == '\n' && !quoted) {
      return i;
    } else if (c == ' ') {
      in_fields = true;
    } else if (in_fields && c == '"' && equals > commas) {
      quoted = !quoted;
    } else if (in_fields && !quoted) {
      equals += c == '=' ? 1 : 0;
      commas += c == ',' ? 1 : 0;
    }
  }
  return text.size();
}

bool parse_line_slowly(std::string_view line, int64_t unit_ns, int64_t default_time_ns,
                       PointBatch& batch, std::string& reason) {
  reason.clear();
  const RawKey key = scan_key(line);
  if (key.error != nullptr) return reason = key.error, false;
  if (key.end >= line.size()) return reason = "missing fields", false;
  if (!check_tags(key, reason)) return false;
  if (key.end > kKeyBytesMax) {
    reason = "max key length exceeded: " + std::to_string(key.end) + " > " +
             std::to_string(kKeyBytesMax);
    return false;
  }
  const size_t fields_begin = skip_blanks(line, key.end);
  const size_t fields_end = check_fields(line, fields_begin, reason);
  if (!reason.empty()) return false;
  int64_t time_ns = default_time_ns;
  const size_t fields_before = batch.fields.size();
  batch.add_point(line.substr(0, key.end), time_ns);
  if (!read_fields(line.substr(fields_begin, fields_end - fields_begin), key.end, batch, reason) ||
      !read_time(line, fields_end, unit_ns, time_ns, reason)) {
    batch.points.pop_back();
    batch.fields.erase(batch.fields.begin() + static_cast<ptrdiff_t>(fields_before),
                       batch.fields.end());
    return false;
  }
  tidy_fields(batch);
  batch.points.back().time_ns = time_ns;
  return true;
}

}  // namespace weir::model
