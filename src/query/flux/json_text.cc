#include "query/flux/json_text.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "base/base64.h"
#include "base/json.h"
#include "query/flux/calendar.h"
#include "query/flux/dynamic.h"

namespace weir::query::flux {
namespace {

Error invalid(std::string message) { return {Errc::invalid, std::move(message)}; }

// Bytes of the character at `at`, 0 if it is not UTF-8.
size_t utf8_size(std::string_view text, size_t at) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = byte(at);
  size_t size = first < 0x80   ? 1
                : first < 0xc2 ? 0
                : first < 0xe0 ? 2
                : first < 0xf0 ? 3
                : first < 0xf5 ? 4
                               : 0;
  if (size == 0 || at + size > text.size()) return 0;
  for (size_t i = 1; i < size; ++i)
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  if (size == 3 && first == 0xe0 && byte(at + 1) < 0xa0) return 0;
  if (size == 3 && first == 0xed && byte(at + 1) > 0x9f) return 0;  // surrogates
  if (size == 4 && first == 0xf0 && byte(at + 1) < 0x90) return 0;
  if (size == 4 && first == 0xf4 && byte(at + 1) > 0x8f) return 0;
  return size;
}

// What Go escapes: besides JSON's own also what HTML and JavaScript would trip over.
void append_string(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (size_t i = 0; i < text.size();) {
    size_t size = utf8_size(text, i);
    std::string_view character = text.substr(i, std::max<size_t>(size, 1));
    i += character.size();
    char c = character[0];
    if (size == 0) {
      out += "\\ufffd";
    } else if (character == "\xe2\x80\xa8" || character == "\xe2\x80\xa9") {
      out += character == "\xe2\x80\xa8" ? "\\u2028" : "\\u2029";
    } else if (c == '"' || c == '\\') {
      (out += '\\') += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (size == 1 &&
               (static_cast<unsigned char>(c) < 0x20 || c == '<' || c == '>' || c == '&')) {
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    } else {
      out += character;
    }
  }
  out += '"';
}

// The shortest digits; an exponent below 1e-6 and from 1e21 on, without leading zeros.
Result<void> append_float(double value, std::string& out) {
  if (!std::isfinite(value)) return invalid("json: unsupported value: NaN or infinity");
  double size = std::fabs(value);
  bool exponent = size != 0 && (size < 1e-6 || size >= 1e21);
  std::array<char, 400> buffer;
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                           exponent ? std::chars_format::scientific : std::chars_format::fixed);
  std::string text(buffer.data(), end.ptr);
  size_t zero = text.find("e-0");
  if (exponent && zero != std::string::npos) text.erase(zero + 2, 1);
  out += text;
  return {};
}

Result<void> append(const Value& given, std::string& out);

template <class Members>
Result<void> append_object(const Members& members, std::string& out) {
  out += '{';
  bool first = true;
  for (const auto& [name, value] : members) {
    if (!first) out += ',';
    first = false;
    append_string(name, out);
    out += ':';
    WEIR_CHECK(append(*value, out));
  }
  out += '}';
  return {};
}

Result<void> append_array(const Array& elements, std::string& out) {
  out += '[';
  for (size_t i = 0; i < elements.size(); ++i) {
    if (i > 0) out += ',';
    WEIR_CHECK(append(elements[i], out));
  }
  out += ']';
  return {};
}

Result<void> append(const Value& given, std::string& out) {
  const Value& value = given.unwrapped();
  std::map<std::string, const Value*> members;
  switch (value.type()) {
    case ValueType::null:
      out += "null";
      return {};
    case ValueType::boolean:
      out += value.as_bool() ? "true" : "false";
      return {};
    case ValueType::integer:
      out += std::to_string(value.as_int());
      return {};
    case ValueType::unsigned_integer:
      out += std::to_string(value.as_uint());
      return {};
    case ValueType::floating:
      return append_float(value.as_float(), out);
    case ValueType::string:
      append_string(value.as_string(), out);
      return {};
    case ValueType::time:
      append_string(format_time(value.as_time_ns()), out);
      return {};
    case ValueType::duration:
      append_string(to_string(value.as_duration()), out);
      return {};
    case ValueType::regexp:
      append_string(value.as_regexp().pattern(), out);
      return {};
    case ValueType::bytes:
      append_string(base64(value.as_bytes()), out);
      return {};
    case ValueType::array:
      return append_array(value.as_array(), out);
    case ValueType::record:
      for (const auto& [name, member] : value.as_record().properties()) members[name] = &member;
      return append_object(members, out);
    case ValueType::dictionary:
      for (const auto& [key, item] : value.as_dictionary()) members[to_display(key)] = &item;
      return append_object(members, out);
    case ValueType::stream:
      return invalid(
          "got table stream instead of array. Try using tableFind() or findRecord() to extract "
          "data from stream");
    case ValueType::function:
      return invalid("cannot encode a function value");
    default:
      return invalid("cannot encode a " + std::string(value.type_name()));
  }
}

Value to_value(const Json& json, JsonTypes types) {
  auto inner = [types](const Json& item, bool element) {
    Value value = to_value(item, types);
    return element || types == JsonTypes::dynamic ? make_dynamic(std::move(value)) : value;
  };
  if (json.is_string()) return Value::of_string(json.get<std::string>());
  if (json.is_boolean()) return Value::of_bool(json.get<bool>());
  if (json.is_number()) return Value::of_float(json.get<double>());
  if (json.is_array()) {
    Array elements;
    for (const Json& item : json) elements.push_back(inner(item, true));
    return Value::of_array(std::move(elements));
  }
  if (json.is_object()) {
    Record record;
    for (const auto& [name, item] : json.items()) record.set(name, inner(item, false));
    return Value::of_record(std::move(record));
  }
  return Value();
}

}  // namespace

Result<std::string> encode_json(const Value& value) {
  std::string out;
  WEIR_CHECK(append(value, out));
  return out;
}

Result<Value> decode_json(std::string_view text, JsonTypes types) {
  WEIR_TRY(Json json, parse_json(text));
  return to_value(json, types);
}

}  // namespace weir::query::flux
