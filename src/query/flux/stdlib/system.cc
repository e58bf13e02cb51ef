// Small packages: system, runtime, types, bitwise, experimental/record.
#include <algorithm>

#include "query/flux/interpreter.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

Result<Value> system_time(CallContext& context, const Arguments&) {
  return Value::of_time(context.interpreter().default_now_ns());
}

Result<Value> is_type(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string type, arguments.string("type"));
  const Value& value = arguments.raw("v");
  if (value.is_null()) return Value::of_bool(to_string(value.null_type()) == type);
  return Value::of_bool(value.type_name() == type);
}

Result<Value> is_numeric(CallContext&, const Arguments& arguments) {
  ValueType type = arguments.raw("v").type();
  return Value::of_bool(type == ValueType::integer || type == ValueType::unsigned_integer ||
                        type == ValueType::floating);
}

Result<Value> get_property(CallContext&, const Arguments& arguments) {
  WEIR_TRY(const Record* record, arguments.record("r"));
  WEIR_TRY(std::string key, arguments.string("key"));
  const Value* found = record->find(key);
  return found != nullptr ? *found : arguments.raw("default");
}

using Bits = uint64_t (*)(uint64_t, uint64_t);

// Both the signed (s...) and the unsigned (u...) function of a name; shifts by 64 and more give 0.
void add_bits(Registry& registry, std::string_view name, Bits function, bool shifts) {
  std::string second = shifts ? "b: int|uint" : "b: uint";
  for (std::string_view package : {"bitwise", "experimental/bitwise"}) {
    registry.add_function(package, "u" + std::string(name), "(a: uint, " + second + ")",
                          [function](CallContext&, const Arguments& arguments) -> Result<Value> {
                            WEIR_TRY(uint64_t a, arguments.unsigned_integer("a"));
                            const Value& b = arguments.raw("b");
                            if (b.is_null()) return Value();
                            uint64_t count = b.is(ValueType::integer)
                                                 ? static_cast<uint64_t>(b.as_int())
                                                 : b.as_uint();
                            return Value::of_uint(function(a, count));
                          });
    registry.add_function(
        package, "s" + std::string(name), "(a: int, b: int|uint)",
        [function](CallContext&, const Arguments& arguments) -> Result<Value> {
          WEIR_TRY(int64_t a, arguments.integer("a"));
          const Value& b = arguments.raw("b");
          if (b.is_null()) return Value();
          uint64_t other =
              b.is(ValueType::integer) ? static_cast<uint64_t>(b.as_int()) : b.as_uint();
          return Value::of_int(static_cast<int64_t>(function(static_cast<uint64_t>(a), other)));
        });
  }
}

// What takes one number: not of all its bits.
void add_complement(Registry& registry, std::string_view package) {
  registry.add_function(package, "snot", "(a: int)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(int64_t a, arguments.integer("a"));
                          return Value::of_int(~a);
                        });
  registry.add_function(package, "unot", "(a: uint)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(uint64_t a, arguments.unsigned_integer("a"));
                          return Value::of_uint(~a);
                        });
}

// A signed number keeps its sign; shifts by 64 and more give 0, or -1 for one below 0.
void add_right_shifts(Registry& registry, std::string_view package) {
  auto count_of = [](const Value& b) {
    return b.is(ValueType::integer) ? static_cast<uint64_t>(b.as_int()) : b.as_uint();
  };
  registry.add_function(package, "urshift", "(a: uint, b: int|uint)",
                        [count_of](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(uint64_t a, arguments.unsigned_integer("a"));
                          const Value& b = arguments.raw("b");
                          if (b.is_null()) return Value();
                          uint64_t count = count_of(b);
                          return Value::of_uint(count > 63 ? 0 : a >> count);
                        });
  registry.add_function(package, "srshift", "(a: int, b: int|uint)",
                        [count_of](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(int64_t a, arguments.integer("a"));
                          const Value& b = arguments.raw("b");
                          if (b.is_null()) return Value();
                          return Value::of_int(a >> std::min<uint64_t>(count_of(b), 63));
                        });
}

}  // namespace

void add_system(Registry& registry) {
  registry.add_function("system", "time", "()", system_time);
  // The language's, which has no number here.
  registry.add_value("experimental/record", "any", Value::of_record(Record()));
  registry.add_function("experimental/record", "get", "(r: record, key: string, default: any)",
                        get_property);
  registry.add_function(
      "runtime", "version", "()",
      [](CallContext&, const Arguments&) -> Result<Value> { return Value::of_string("(devel)"); });
  registry.add_function("types", "isType", "(v, type: string)", is_type);
  registry.add_function("types", "isNumeric", "(v)", is_numeric);
}

void add_bitwise(Registry& registry) {
  add_bits(
      registry, "and", [](uint64_t a, uint64_t b) { return a & b; }, false);
  add_bits(
      registry, "or", [](uint64_t a, uint64_t b) { return a | b; }, false);
  add_bits(
      registry, "xor", [](uint64_t a, uint64_t b) { return a ^ b; }, false);
  add_bits(
      registry, "clear", [](uint64_t a, uint64_t b) { return a & ~b; }, false);
  add_bits(
      registry, "lshift", [](uint64_t a, uint64_t b) { return b > 63 ? 0 : a << b; }, true);
  for (std::string_view package : {"bitwise", "experimental/bitwise"}) {
    add_complement(registry, package);
    add_right_shifts(registry, package);
  }
}

}  // namespace weir::query::flux
