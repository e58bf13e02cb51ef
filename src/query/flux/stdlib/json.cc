// Packages json, experimental/json and experimental/dynamic.
#include "query/flux/json_text.h"

#include "query/flux/dynamic.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

Result<Value> encode(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string text, encode_json(arguments.raw("v")));
  return Value::of_bytes(std::move(text));
}

Result<Value> parse(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string data, arguments.bytes("data"));
  return decode_json(data, JsonTypes::plain_records);
}

Result<Value> parse_dynamic(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string data, arguments.bytes("data"));
  WEIR_TRY(Value value, decode_json(data, JsonTypes::dynamic));
  return make_dynamic(std::move(value));
}

Result<Value> wrapped(const Value& value) {
  if (is_dynamic(value)) return value;
  switch (value.type()) {
    case ValueType::array: {
      Array elements;
      for (const Value& element : value.as_array()) {
        WEIR_TRY(Value inner, wrapped(element));
        elements.push_back(std::move(inner));
      }
      return make_dynamic(Value::of_array(std::move(elements)));
    }
    case ValueType::record: {
      Record record;
      for (const auto& [name, member] : value.as_record().properties()) {
        WEIR_TRY(Value inner, wrapped(member));
        record.set(name, std::move(inner));
      }
      return make_dynamic(Value::of_record(std::move(record)));
    }
    case ValueType::regexp:
    case ValueType::dictionary:
    case ValueType::function:
    case ValueType::stream:
    case ValueType::package:
    case ValueType::extension:
      return Error{Errc::invalid, "unsupported type for dynamic " + std::string(value.type_name())};
    default:
      return make_dynamic(value);
  }
}

Result<Value> dynamic(CallContext&, const Arguments& arguments) {
  return wrapped(arguments.raw("v"));
}

Result<Value> as_array(CallContext&, const Arguments& arguments) {
  const Value& value = arguments.raw("v").unwrapped();
  if (value.is_null()) return Error{Errc::invalid, "unable to convert <null> to array"};
  if (!value.is(ValueType::array))
    return Error{Errc::invalid,
                 "unable to convert " + std::string(value.type_name()) + " to array"};
  return value;
}

Result<Value> is_type(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string type, arguments.string("type"));
  const Value& value = arguments.raw("v").unwrapped();
  return Value::of_bool(!value.is_null() && value.type_name() == type);
}

}  // namespace

void add_json(Registry& registry) {
  registry.add_function("json", "encode", "(v)", encode);
  registry.add_function("experimental/json", "parse", "(data: bytes)", parse);
  constexpr std::string_view kDynamic = "experimental/dynamic";
  registry.add_function(kDynamic, "dynamic", "(v)", dynamic);
  registry.add_function(kDynamic, "asArray", "(<-v)", as_array);
  registry.add_function(kDynamic, "isType", "(v, type: string)", is_type);
  registry.add_function(kDynamic, "jsonParse", "(data: bytes)", parse_dynamic);
  registry.add_function(kDynamic, "jsonEncode", "(v)", encode);
}

}  // namespace weir::query::flux
