#include <charconv>
#include <cmath>
#include <limits>

#include "query/flux/calendar.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

Error cannot_convert(const Value& value, std::string_view to) {
  std::string text = "cannot convert ";
  if (value.is(ValueType::string))
    text += "string \"" + value.as_string() + "\"";
  else
    text += value.type_name();
  return {Errc::invalid, text + " to " + std::string(to)};
}

template <class Number>
Result<Number> parse_whole(const Value& value, std::string_view to) {
  std::string_view text = value.as_string();
  if (text.starts_with('+')) text.remove_prefix(1);
  Number number{};
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    return cannot_convert(value, to);
  return number;
}

Result<double> parse_float(const Value& value) {
  std::string_view text = value.as_string();
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    return cannot_convert(value, "float");
  return number;
}

// Truncates towards zero; what lies outside becomes the nearest end, as Go does on amd64 nearly.
int64_t int_of_float(double v) {
  if (std::isnan(v)) return 0;
  if (v >= 9223372036854775808.0) return std::numeric_limits<int64_t>::max();
  if (v <= -9223372036854775808.0) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(v);
}

Result<Value> to_int(const Value& value) {
  switch (value.type()) {
    case ValueType::null:
      return Value();
    case ValueType::integer:
      return value;
    case ValueType::unsigned_integer:
      return Value::of_int(static_cast<int64_t>(value.as_uint()));
    case ValueType::floating:
      return Value::of_int(int_of_float(value.as_float()));
    case ValueType::boolean:
      return Value::of_int(value.as_bool() ? 1 : 0);
    case ValueType::time:
      return Value::of_int(value.as_time_ns());
    case ValueType::duration:
      if (value.as_duration().months != 0)
        return Error{Errc::invalid, "cannot convert a duration of months to int"};
      return Value::of_int(value.as_duration().signed_ns());
    case ValueType::string: {
      WEIR_TRY(int64_t number, parse_whole<int64_t>(value, "int"));
      return Value::of_int(number);
    }
    default:
      return cannot_convert(value, "int");
  }
}

Result<Value> to_uint(const Value& value) {
  if (value.is(ValueType::unsigned_integer)) return value;
  if (value.is(ValueType::floating)) {
    double v = value.as_float();
    if (v >= 18446744073709551616.0) return Value::of_uint(std::numeric_limits<uint64_t>::max());
    if (v >= 0) return Value::of_uint(static_cast<uint64_t>(v));
    return Value::of_uint(static_cast<uint64_t>(int_of_float(v)));
  }
  if (value.is(ValueType::string)) {
    WEIR_TRY(uint64_t number, parse_whole<uint64_t>(value, "uint"));
    return Value::of_uint(number);
  }
  Result<Value> number = to_int(value);
  if (!number.ok()) return cannot_convert(value, "uint");
  if (number->is_null()) return Value();
  return Value::of_uint(static_cast<uint64_t>(number->as_int()));
}

Result<Value> to_float(const Value& value) {
  switch (value.type()) {
    case ValueType::null:
      return Value();
    case ValueType::floating:
      return value;
    case ValueType::integer:
      return Value::of_float(static_cast<double>(value.as_int()));
    case ValueType::unsigned_integer:
      return Value::of_float(static_cast<double>(value.as_uint()));
    case ValueType::boolean:
      return Value::of_float(value.as_bool() ? 1 : 0);
    case ValueType::string: {
      WEIR_TRY(double number, parse_float(value));
      return Value::of_float(number);
    }
    default:
      return cannot_convert(value, "float");
  }
}

Result<Value> to_string_value(const Value& value) {
  if (value.is_null()) return Value();
  WEIR_TRY(std::string text, to_text(value));
  return Value::of_string(std::move(text));
}

Result<Value> to_bool(const Value& value) {
  switch (value.type()) {
    case ValueType::null:
      return Value();
    case ValueType::boolean:
      return value;
    case ValueType::string:
      if (value.as_string() == "true") return Value::of_bool(true);
      if (value.as_string() == "false") return Value::of_bool(false);
      return cannot_convert(value, "bool");
    case ValueType::integer:
      if (value.as_int() == 0 || value.as_int() == 1) return Value::of_bool(value.as_int() == 1);
      return cannot_convert(value, "bool");
    case ValueType::unsigned_integer:
      if (value.as_uint() <= 1) return Value::of_bool(value.as_uint() == 1);
      return cannot_convert(value, "bool");
    case ValueType::floating:
      if (value.as_float() == 0 || value.as_float() == 1)
        return Value::of_bool(value.as_float() == 1);
      return cannot_convert(value, "bool");
    default:
      return cannot_convert(value, "bool");
  }
}

Result<Value> to_time(const Value& value) {
  switch (value.type()) {
    case ValueType::null:
      return Value();
    case ValueType::time:
      return value;
    case ValueType::integer:
      return Value::of_time(value.as_int());
    case ValueType::unsigned_integer:
      return Value::of_time(static_cast<int64_t>(value.as_uint()));
    case ValueType::string: {
      Result<ParsedTime> parsed = parse_time(value.as_string());
      if (!parsed.ok()) return std::move(parsed).error();
      WEIR_TRY(int64_t ns, parsed->ns());
      return Value::of_time(ns);
    }
    default:
      return cannot_convert(value, "time");
  }
}

Result<Value> to_duration(const Value& value) {
  switch (value.type()) {
    case ValueType::null:
      return Value();
    case ValueType::duration:
      return value;
    case ValueType::integer:
      return Value::of_duration(Duration::of_ns(value.as_int()));
    case ValueType::unsigned_integer:
      return Value::of_duration(Duration::of_ns(static_cast<int64_t>(value.as_uint())));
    case ValueType::string: {
      WEIR_TRY(Duration parsed, parse_duration(value.as_string()));
      return Value::of_duration(parsed);
    }
    default:
      return cannot_convert(value, "duration");
  }
}

Result<Value> to_bytes(const Value& value) {
  if (value.is_null() || value.is(ValueType::bytes)) return value;
  if (value.is(ValueType::string)) return Value::of_bytes(value.as_string());
  return cannot_convert(value, "bytes");
}

}  // namespace

void add_conversions(Registry& registry) {
  using Convert = Result<Value> (*)(const Value&);
  auto add = [&registry](std::string_view name, Convert convert) {
    registry.add_function("universe", name, "(v)",
                          [convert](CallContext&, const Arguments& arguments) {
                            return convert(arguments.raw("v").unwrapped());
                          });
  };
  add("int", to_int);
  add("uint", to_uint);
  add("float", to_float);
  add("string", to_string_value);
  add("bool", to_bool);
  add("time", to_time);
  add("duration", to_duration);
  add("bytes", to_bytes);
}

}  // namespace weir::query::flux
