#include "model/field_text.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace weir::model {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<FieldValue> parse_boolean(std::string_view text, std::string& reason) {
  for (std::string_view yes : {"t", "T", "true", "True", "TRUE"}) {
    if (text == yes) return FieldValue::of_bool(true);
  }
  for (std::string_view no : {"f", "F", "false", "False", "FALSE"}) {
    if (text == no) return FieldValue::of_bool(false);
  }
  reason = "invalid boolean";
  return std::nullopt;
}

// "-12", "12": digits with an optional minus, at least one digit.
bool is_integer_text(std::string_view text) {
  if (!text.empty() && text[0] == '-') text.remove_prefix(1);
  if (text.empty()) return false;
  for (char c : text) {
    if (!is_digit(c)) return false;
  }
  return true;
}

// Digits with at most one point and an optional exponent; whether the exponent has digits is left
// to the conversion, because InfluxDB answers "invalid float" then.
bool is_float_text(std::string_view text, bool& scientific) {
  if (!text.empty() && text[0] == '-') text.remove_prefix(1);
  size_t digits = 0;
  bool point = false;
  scientific = false;
  for (size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if (is_digit(c)) {
      digits++;
    } else if (c == '.' && !point) {
      point = true;
    } else if ((c == 'e' || c == 'E') && i > 0) {
      scientific = true;
    } else if ((c == '+' || c == '-') && i > 0 && (text[i - 1] == 'e' || text[i - 1] == 'E')) {
      continue;
    } else {
      return false;
    }
  }
  return digits > 0;
}

std::optional<FieldValue> parse_integer(std::string_view digits, std::string& reason) {
  if (!is_integer_text(digits)) {
    reason = "invalid number";
    return std::nullopt;
  }
  int64_t value = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc()) {
    const std::string text(digits);
    reason = "unable to parse integer " + text + ": strconv.ParseInt: parsing \"" + text +
             "\": value out of range";
    return std::nullopt;
  }
  return FieldValue::of_int(value);
}

std::optional<FieldValue> parse_unsigned(std::string_view digits, std::string& reason) {
  if (!is_integer_text(digits) || digits[0] == '-') {
    reason = "invalid number";
    return std::nullopt;
  }
  uint64_t value = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc()) {
    const std::string text(digits);
    reason = "unable to parse unsigned " + text + ": strconv.ParseUint: parsing \"" + text +
             "\": value out of range";
    return std::nullopt;
  }
  return FieldValue::of_uint(value);
}

std::optional<FieldValue> parse_float(std::string_view text, std::string& reason) {
  bool scientific = false;
  if (!is_float_text(text, scientific)) {
    reason = "invalid number";
    return std::nullopt;
  }
  double value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  // from_chars reports an underflow as an error too; it is a zero or a subnormal, no refusal.
  if (failure == std::errc::result_out_of_range)
    value = std::strtod(std::string(text).c_str(), nullptr);
  if (failure == std::errc::invalid_argument || end != text.data() + text.size() ||
      std::isinf(value)) {
    reason = "invalid float";
    return std::nullopt;
  }
  return FieldValue::of_float(value);
}

}  // namespace

std::optional<FieldValue> parse_value(std::string_view text, std::string& reason) {
  if (auto plain = parse_plain_value(text)) return plain;
  if (text.empty()) {
    reason = "missing field value";
    return std::nullopt;
  }
  const char first = text[0];
  if (!is_digit(first) && first != '.' && first != '-' && first != 'N' && first != 'n') {
    return parse_boolean(text, reason);
  }
  const std::string_view head = text.substr(0, text.size() - 1);
  if (text.back() == 'i') return parse_integer(head, reason);
  if (text.back() == 'u') return parse_unsigned(head, reason);
  return parse_float(text, reason);
}

void append_value(std::string& out, FieldValue value) {
  char digits[32];
  auto append_number = [&](auto number, std::string_view suffix) {
    const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
    out.append(digits, end);
    out.append(suffix);
  };
  switch (value.type()) {
    case FieldType::float64:
      return append_number(value.as_float(), "");
    case FieldType::int64:
      return append_number(value.as_int(), "i");
    case FieldType::uint64:
      return append_number(value.as_uint(), "u");
    case FieldType::boolean:
      out.append(value.as_bool() ? "true" : "false");
      return;
    case FieldType::string:
      break;
  }
  out.push_back('"');
  for (char c : value.as_string()) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

}  // namespace weir::model
