#include "ingest/leaf.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "model/field_text.h"

namespace weir::ingest {
namespace {

using model::FieldType;
using model::FieldValue;

constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

std::string_view trimmed(std::string_view text) {
  auto is_blank = [](char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
  };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y;
  });
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> lower_words) {
  return std::any_of(lower_words.begin(), lower_words.end(),
                     [text](std::string_view word) { return equal_ignoring_case(text, word); });
}

// A number as JSON or a device writes it; also `+5` and `1e3`. Nothing for nan and infinities.
std::optional<Leaf> read_number(std::string_view text) {
  if (auto plain = model::parse_plain_value(text); plain && plain->type() == FieldType::float64) {
    return Leaf::of_number(plain->as_float());
  }
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  if (text.empty() || !(text[0] == '-' || text[0] == '.' || (text[0] >= '0' && text[0] <= '9'))) {
    return std::nullopt;
  }
  int64_t integer = 0;
  const char* end = text.data() + text.size();
  if (auto done = std::from_chars(text.data(), end, integer);
      done.ec == std::errc() && done.ptr == end) {
    return Leaf::of_integer(integer);
  }
  uint64_t large = 0;
  if (auto done = std::from_chars(text.data(), end, large);
      done.ec == std::errc() && done.ptr == end) {
    return Leaf::of_unsigned(large);
  }
  double number = 0;
  const auto done = std::from_chars(text.data(), end, number);
  if (done.ec != std::errc() || done.ptr != end || !std::isfinite(number)) return std::nullopt;
  return Leaf::of_number(number);
}

std::optional<double> as_double(const Leaf& leaf) {
  switch (leaf.kind) {
    case Leaf::Kind::null:
      return std::nullopt;
    case Leaf::Kind::boolean:
      return leaf.boolean ? 1.0 : 0.0;
    case Leaf::Kind::integer:
      return static_cast<double>(leaf.integer);
    case Leaf::Kind::unsigned_integer:
      return static_cast<double>(leaf.unsigned_integer);
    case Leaf::Kind::number:
      return leaf.number;
    case Leaf::Kind::text:
      if (const auto number = read_number(trimmed(leaf.text))) return as_double(*number);
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<FieldValue> as_int(const Leaf& leaf) {
  if (leaf.kind == Leaf::Kind::integer) return FieldValue::of_int(leaf.integer);
  if (leaf.kind == Leaf::Kind::boolean) return FieldValue::of_int(leaf.boolean ? 1 : 0);
  if (leaf.kind == Leaf::Kind::text) {
    const auto number = read_number(trimmed(leaf.text));
    return number && number->kind != Leaf::Kind::text ? as_int(*number) : std::nullopt;
  }
  if (leaf.kind != Leaf::Kind::number || leaf.number != std::trunc(leaf.number))
    return std::nullopt;
  if (!(leaf.number >= -kTwo63 && leaf.number < kTwo63)) return std::nullopt;
  return FieldValue::of_int(static_cast<int64_t>(leaf.number));
}

std::optional<FieldValue> as_uint(const Leaf& leaf) {
  if (leaf.kind == Leaf::Kind::unsigned_integer) return FieldValue::of_uint(leaf.unsigned_integer);
  if (leaf.kind == Leaf::Kind::number) {
    if (!(leaf.number >= 0 && leaf.number < kTwo64) || leaf.number != std::trunc(leaf.number)) {
      return std::nullopt;
    }
    return FieldValue::of_uint(static_cast<uint64_t>(leaf.number));
  }
  if (leaf.kind == Leaf::Kind::text) {
    const auto number = read_number(trimmed(leaf.text));
    return number ? as_uint(*number) : std::nullopt;
  }
  const auto integer = as_int(leaf);
  if (!integer || integer->as_int() < 0) return std::nullopt;
  return FieldValue::of_uint(static_cast<uint64_t>(integer->as_int()));
}

std::optional<FieldValue> as_bool(const Leaf& leaf, const FieldConversion& conversion) {
  if (leaf.kind == Leaf::Kind::boolean) return FieldValue::of_bool(leaf.boolean);
  const std::string text = leaf_text(leaf);
  const std::string_view word = trimmed(text);
  if (!conversion.yes.empty()) {
    if (word == conversion.yes) return FieldValue::of_bool(true);
    if (word == conversion.no) return FieldValue::of_bool(false);
    return std::nullopt;
  }
  if (is_one_of(word, {"true", "1", "on", "yes"})) return FieldValue::of_bool(true);
  if (is_one_of(word, {"false", "0", "off", "no"})) return FieldValue::of_bool(false);
  return std::nullopt;
}

}  // namespace

Leaf Leaf::of_bool(bool v) {
  Leaf leaf;
  leaf.kind = Kind::boolean, leaf.boolean = v;
  return leaf;
}
Leaf Leaf::of_integer(int64_t v) {
  Leaf leaf;
  leaf.kind = Kind::integer, leaf.integer = v;
  return leaf;
}
Leaf Leaf::of_unsigned(uint64_t v) {
  Leaf leaf;
  leaf.kind = Kind::unsigned_integer, leaf.unsigned_integer = v;
  return leaf;
}
Leaf Leaf::of_number(double v) {
  Leaf leaf;
  leaf.kind = Kind::number, leaf.number = v;
  return leaf;
}
Leaf Leaf::of_text(std::string_view v) {
  Leaf leaf;
  leaf.kind = Kind::text, leaf.text = v;
  return leaf;
}

std::string leaf_text(const Leaf& leaf) {
  char digits[32];
  auto text_of = [&digits](auto number) {
    return std::string(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
  };
  switch (leaf.kind) {
    case Leaf::Kind::null:
      return {};
    case Leaf::Kind::boolean:
      return leaf.boolean ? "true" : "false";
    case Leaf::Kind::integer:
      return text_of(leaf.integer);
    case Leaf::Kind::unsigned_integer:
      return text_of(leaf.unsigned_integer);
    case Leaf::Kind::number:
      return text_of(leaf.number);
    case Leaf::Kind::text:
      return std::string(leaf.text);
  }
  return {};
}

std::optional<FieldValue> convert(const Leaf& leaf, const FieldConversion* conversion,
                                  std::string& scratch) {
  if (leaf.kind == Leaf::Kind::null) return std::nullopt;
  if (conversion == nullptr) {
    if (leaf.kind == Leaf::Kind::text) return FieldValue::of_string(leaf.text);
    if (leaf.kind == Leaf::Kind::boolean) return FieldValue::of_bool(leaf.boolean);
    return FieldValue::of_float(*as_double(leaf));
  }
  switch (conversion->type) {
    case FieldType::float64: {
      const auto number = as_double(leaf);
      return number ? std::optional(FieldValue::of_float(*number)) : std::nullopt;
    }
    case FieldType::int64:
      return as_int(leaf);
    case FieldType::uint64:
      return as_uint(leaf);
    case FieldType::boolean:
      return as_bool(leaf, *conversion);
    case FieldType::string:
      if (leaf.kind == Leaf::Kind::text) return FieldValue::of_string(leaf.text);
      scratch = leaf_text(leaf);
      return FieldValue::of_string(scratch);
  }
  return std::nullopt;
}

Leaf read_plain(std::string_view payload) {
  const std::string_view text = trimmed(payload);
  if (auto number = read_number(text)) return *number;
  if (text == "true" || text == "True") return Leaf::of_bool(true);
  if (text == "false" || text == "False") return Leaf::of_bool(false);
  if (text.empty() || is_one_of(text, {"nan", "-nan", "inf", "+inf", "-inf", "infinity",
                                       "-infinity", "null", "none"})) {
    return Leaf();
  }
  return Leaf::of_text(text);
}

bool is_plain_text(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<uint8_t>(bytes[i]);
    if (lead < 0x80) {
      if ((lead < 0x20 && lead != '\t' && lead != '\n' && lead != '\r') || lead == 0x7f)
        return false;
      i++;
      continue;
    }
    const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || size > bytes.size() - i) return false;
    uint32_t code = lead & (0xffu >> (size + 1));
    for (size_t k = 1; k < size; k++) {
      const auto next = static_cast<uint8_t>(bytes[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      code = code << 6 | (next & 0x3f);
    }
    const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    i += size;
  }
  return true;
}

}  // namespace weir::ingest
