#include "model/line_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>

#include "model/field_text.h"
#include "model/key_scanner.h"
#include "model/line_structure.h"
#include "model/series_key.h"
#include "model/slow_line.h"

namespace weir::model {
namespace {

// More tags or fields than this on one line are checked for duplicates the slow way.
constexpr size_t kShapeMax = 64;

// Equal bytes, for short keys: two overlapping loads instead of a call.
inline bool same_bytes(const char* a, const char* b, size_t size) {
  if (size >= 8) {
    if (size > 16) return std::memcmp(a, b, size) == 0;
    uint64_t a_head, b_head, a_tail, b_tail;
    std::memcpy(&a_head, a, 8), std::memcpy(&b_head, b, 8);
    std::memcpy(&a_tail, a + size - 8, 8), std::memcpy(&b_tail, b + size - 8, 8);
    return a_head == b_head && a_tail == b_tail;
  }
  if (size >= 4) {
    uint32_t a_head, b_head, a_tail, b_tail;
    std::memcpy(&a_head, a, 4), std::memcpy(&b_head, b, 4);
    std::memcpy(&a_tail, a + size - 4, 4), std::memcpy(&b_tail, b + size - 4, 4);
    return a_head == b_head && a_tail == b_tail;
  }
  for (size_t i = 0; i < size; i++) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

inline bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && same_bytes(a.data(), b.data(), a.size());
}

// The keys of the last line, in order. Agents repeat the same shape line after line: what equals it
// was already found free of duplicates and reserved names.
struct Shape {
  std::array<std::string_view, kShapeMax> keys;
  size_t count = 0;
  bool checked = false;  // the first `count` keys are distinct and allowed
};

// Puts key number `i` of this line into the shape; true if the last line had the same one there.
inline bool repeats(Shape& shape, size_t i, std::string_view key) {
  if (i < shape.count && same(shape.keys[i], key)) return true;
  shape.keys[i] = key;
  return false;
}

bool has_duplicates(std::span<const std::string_view> keys) {
  for (size_t i = 1; i < keys.size(); i++) {
    for (size_t k = 0; k < i; k++) {
      if (same(keys[i], keys[k])) return true;
    }
  }
  return false;
}

class LinesParser {
 public:
  LinesParser(std::string_view text, Precision precision, int64_t default_time_ns,
              ParsedLines& result)
      : text_(text),
        unit_(static_cast<int64_t>(precision)),
        default_time_ns_(default_time_ns - default_time_ns % unit_),
        structure_(text),
        result_(result) {}

  void run() {
    size_t at = 0;
    while (at < text_.size()) {
      const size_t fields_before = result_.batch.fields.size();
      const size_t end = parse_fast(at);
      if (end != kNotPlain) {
        at = end + 1;
        continue;
      }
      auto& fields = result_.batch.fields;
      fields.erase(fields.begin() + static_cast<ptrdiff_t>(fields_before), fields.end());
      at = parse_slow(at);
    }
  }

 private:
  static constexpr size_t kNotPlain = ~size_t{0};

  char at(size_t position) const { return position < text_.size() ? text_[position] : '\n'; }

  // Parses one line without blanks to skip, mistakes, or escapes beyond the measurement and the
  // tags' values, and returns where its newline is; kNotPlain for every other line.
  size_t parse_fast(size_t begin) {
    const char first = text_[begin];
    if (first == '#' || first == '\t' || first == '\0') return kNotPlain;
    const size_t key_end = scan_plain_key(begin);
    if (key_end == kNotPlain || is_line_blank(at(key_end + 1))) return kNotPlain;
    const auto fields_begin = static_cast<uint32_t>(result_.batch.fields.size());
    const size_t fields_end = scan_plain_fields(key_end + 1);
    if (fields_end == kNotPlain) return kNotPlain;
    int64_t time_ns = default_time_ns_;
    size_t line_end = fields_end;
    if (at(fields_end) == ' ') {
      line_end = structure_.next();
      if (at(line_end) != '\n') return kNotPlain;
      if (!read_plain_time(text_.substr(fields_end + 1, line_end - fields_end - 1), time_ns)) {
        return kNotPlain;
      }
    }
    const auto count = static_cast<uint32_t>(result_.batch.fields.size()) - fields_begin;
    result_.batch.points.push_back(
        {text_.substr(begin, key_end - begin), time_ns, fields_begin, count});
    return line_end;
  }

  // The next structural position that no backslash protects; a backslash, if what it protects is
  // not so simple.
  size_t next_unescaped() {
    size_t position = structure_.next();
    while (at(position) == '\\') {
      const size_t escaped = position + 1;
      if (at(escaped) == '\\' || at(escaped) == '\n') return position;
      position = structure_.next();
      if (position == escaped) position = structure_.next();
    }
    return position;
  }

  // measurement[,tag=value...] up to its space.
  size_t scan_plain_key(size_t begin) {
    size_t position = next_unescaped();
    if (position == begin) return kNotPlain;
    size_t tags = 0;
    bool repeated = true;
    while (at(position) == ',') {
      const size_t key_begin = position + 1;
      const size_t equals = structure_.next();
      if (at(equals) != '=' || equals == key_begin || tags == kShapeMax) return kNotPlain;
      position = next_unescaped();
      if (position == equals + 1) return kNotPlain;
      repeated &= repeats(tags_, tags++, text_.substr(key_begin, equals - key_begin));
    }
    if (at(position) != ' ' || position >= text_.size() || position - begin > kPlainKeyBytesMax) {
      return kNotPlain;
    }
    if (!(repeated && tags_.checked && tags <= tags_.count)) {
      const std::span<const std::string_view> keys(tags_.keys.data(), tags);
      tags_.count = tags;
      tags_.checked =
          !has_duplicates(keys) && std::none_of(keys.begin(), keys.end(), is_reserved_tag_key);
      if (!tags_.checked) return kNotPlain;
    }
    return position;
  }

  // field=value[,field=value...] up to a space or newline.
  size_t scan_plain_fields(size_t begin) {
    auto& fields = result_.batch.fields;
    size_t position = begin - 1;
    size_t count = 0;
    bool repeated = true;
    do {
      const size_t key_begin = position + 1;
      const size_t equals = structure_.next();
      if (at(equals) != '=' || equals == key_begin || count == kShapeMax ||
          equals - key_begin > kPlainKeyBytesMax) {
        return kNotPlain;
      }
      repeated &= repeats(fields_, count, text_.substr(key_begin, equals - key_begin));
      position = structure_.next();
      if (at(position) == '"') {
        const size_t open = position;
        if (open != equals + 1) return kNotPlain;
        do position = structure_.next();
        while (position < text_.size() && text_[position] != '"' && text_[position] != '\\');
        if (position >= text_.size() || text_[position] == '\\') return kNotPlain;
        const std::string_view value = text_.substr(open + 1, position - open - 1);
        fields.push_back({fields_.keys[count++], FieldValue::of_string(value)});
        if (structure_.next() != ++position) return kNotPlain;
        continue;
      }
      const std::string_view value_text = text_.substr(equals + 1, position - equals - 1);
      if (auto value = parse_plain_value(value_text)) {
        fields.push_back({fields_.keys[count++], *value});
      } else {
        auto other = parse_value(value_text, reason_);
        if (!other) return kNotPlain;
        fields.push_back({fields_.keys[count++], *other});
      }
    } while (at(position) == ',');
    const char stop = at(position);
    if (stop != ' ' && stop != '\n') return kNotPlain;
    if (!(repeated && fields_.checked && count <= fields_.count)) {
      const std::span<const std::string_view> keys(fields_.keys.data(), count);
      fields_.count = count;
      fields_.checked =
          !has_duplicates(keys) && std::find(keys.begin(), keys.end(), "time") == keys.end();
      if (!fields_.checked) return kNotPlain;
    }
    return position;
  }

  bool read_plain_time(std::string_view digits, int64_t& time_ns) {
    if (digits.empty()) return false;
    if (same(digits, last_time_text_)) return time_ns = last_time_ns_, true;
    if (digits.size() > 19) return false;
    uint64_t value = 0;
    for (char c : digits) {
      const auto digit = static_cast<unsigned char>(c - '0');
      if (digit > 9) return false;
      value = value * 10 + digit;
    }
    if (value > static_cast<uint64_t>(kLineTimeMax / unit_)) return false;
    last_time_text_ = digits;
    time_ns = last_time_ns_ = static_cast<int64_t>(value) * unit_;
    return true;
  }

  // Parses whatever line begins at `begin`, and returns where the next one does.
  size_t parse_slow(size_t begin) {
    const size_t end = find_line_end(text_, begin);
    structure_.skip_to(end + 1);
    tags_.checked = fields_.checked = false;  // the fast path may have left half a shape
    tags_.count = fields_.count = 0;
    std::string_view line = text_.substr(begin, end - begin);
    while (!line.empty() && is_line_blank(line.front())) line.remove_prefix(1);
    if (line.empty() || line.front() == '#' || line == "\r") return end + 1;
    std::string reason;
    if (!parse_line_slowly(line, unit_, default_time_ns_, result_.batch, reason)) {
      lines_counted_ +=
          static_cast<size_t>(std::count(text_.begin() + static_cast<ptrdiff_t>(counted_to_),
                                         text_.begin() + static_cast<ptrdiff_t>(begin), '\n'));
      counted_to_ = begin;
      std::string message = "unable to parse '";
      message.append(line).append("': ").append(reason);
      result_.errors.push_back({lines_counted_ + 1, std::move(message)});
    }
    return end + 1;
  }

  std::string_view text_;
  int64_t unit_;
  int64_t default_time_ns_;
  LineStructure structure_;
  ParsedLines& result_;
  Shape tags_, fields_;
  std::string_view last_time_text_;
  int64_t last_time_ns_ = 0;
  size_t lines_counted_ = 0, counted_to_ = 0;
  std::string reason_;
};

}  // namespace

ParsedLines parse_lines(std::shared_ptr<const std::string> text, Precision precision,
                        int64_t default_time_ns) {
  ParsedLines result;
  const std::string_view view = result.batch.hold(std::move(text));
  LinesParser(view, precision, default_time_ns, result).run();
  return result;
}

void append_line(std::string& out, const PointBatch& batch, const BatchPoint& point) {
  auto key = parse_series_key(point.raw_series_key);
  out.append(key.ok() ? key->canonical() : std::string(point.raw_series_key));
  char separator = ' ';
  for (uint32_t i = 0; i < point.fields_count; i++) {
    const BatchField& field = batch.fields[point.fields_begin + i];
    out.push_back(separator);
    append_escaped_tag(out, field.key);
    out.push_back('=');
    append_value(out, field.value);
    separator = ',';
  }
  char digits[24];
  out.push_back(' ');
  out.append(digits, std::to_chars(digits, digits + sizeof(digits), point.time_ns).ptr);
  out.push_back('\n');
}

}  // namespace weir::model
