// Small packages: system, types, bitwise.
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

}  // namespace

void add_system(Registry& registry) {
  registry.add_function("system", "time", "()", system_time);
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
}

}  // namespace weir::query::flux
