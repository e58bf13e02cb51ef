// Package contrib/bonitoo-io/hex (also under the name hex): numbers and bytes as hexadecimal text.
#include <charconv>

#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

Error cannot_convert(const std::string& text, std::string_view to) {
  return {Errc::invalid, "cannot convert string \"" + text + "\" to " + std::string(to)};
}

// "0x1f", "-1F".
template <class Number>
Result<Number> parse(const std::string& text, std::string_view to) {
  std::string_view digits = text;
  bool negative = !digits.empty() && digits.front() == '-';
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  std::string signed_digits = (negative ? "-" : "") + std::string(digits);
  Number number{};
  auto parsed = std::from_chars(signed_digits.data(), signed_digits.data() + signed_digits.size(),
                                number, 16);
  bool whole = parsed.ptr == signed_digits.data() + signed_digits.size();
  if (parsed.ec != std::errc() || !whole || digits.empty() || digits.front() == '-')
    return cannot_convert(text, to);
  return number;
}

std::string text_of(uint64_t number) {
  char buffer[20];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, number, 16);
  return std::string(buffer, end.ptr);
}

Result<Value> to_int(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string text, arguments.string("v"));
  WEIR_TRY(int64_t number, parse<int64_t>(text, "int"));
  return Value::of_int(number);
}

Result<Value> to_uint(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string text, arguments.string("v"));
  WEIR_TRY(uint64_t number, parse<uint64_t>(text, "uint"));
  return Value::of_uint(number);
}

Result<Value> to_bytes(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string text, arguments.string("v"));
  if (text.size() % 2 != 0) return cannot_convert(text, "bytes due to hex decoding error");
  std::string out;
  for (size_t i = 0; i < text.size(); i += 2) {
    unsigned byte = 0;
    auto parsed = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + i + 2)
      return cannot_convert(text, "bytes due to hex decoding error");
    out += static_cast<char>(byte);
  }
  return Value::of_bytes(std::move(out));
}

Result<Value> to_text_value(CallContext&, const Arguments& arguments) {
  const Value& value = arguments.raw("v");
  switch (value.type()) {
    case ValueType::integer: {
      int64_t number = value.as_int();
      auto magnitude = static_cast<uint64_t>(number);
      return Value::of_string(number < 0 ? "-" + text_of(0 - magnitude) : text_of(magnitude));
    }
    case ValueType::unsigned_integer:
      return Value::of_string(text_of(value.as_uint()));
    case ValueType::bytes: {
      constexpr std::string_view kDigits = "0123456789abcdef";
      std::string out;
      for (char c : value.as_bytes()) {
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
      }
      return Value::of_string(std::move(out));
    }
    case ValueType::null:
      return Value();
    default: {
      WEIR_TRY(std::string text, to_text(value));
      return Value::of_string(std::move(text));
    }
  }
}

}  // namespace

void add_hex(Registry& registry) {
  for (std::string_view package : {"hex", "contrib/bonitoo-io/hex"}) {
    registry.add_function(package, "int", "(v: string)", to_int);
    registry.add_function(package, "uint", "(v: string)", to_uint);
    registry.add_function(package, "bytes", "(v: string)", to_bytes);
    registry.add_function(package, "string", "(v)", to_text_value);
  }
}

}  // namespace weir::query::flux
