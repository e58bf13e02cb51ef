// Package array, the functions on arrays alone; array.from() makes tables and is query/exec's.
#include "query/flux/interpreter.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

Result<Value> concat(CallContext&, const Arguments& arguments) {
  WEIR_TRY(const Array* first, arguments.array("arr"));
  WEIR_TRY(const Array* second, arguments.array("v"));
  Array joined = *first;
  joined.insert(joined.end(), second->begin(), second->end());
  return Value::of_array(std::move(joined));
}

Result<Value> map(CallContext& context, const Arguments& arguments) {
  WEIR_TRY(const Array* elements, arguments.array("arr"));
  WEIR_TRY(auto function, arguments.function("fn"));
  Array mapped;
  for (const Value& element : *elements) {
    WEIR_TRY(Value value, context.interpreter().call(*function, {{"x", element}}));
    mapped.push_back(std::move(value));
  }
  return Value::of_array(std::move(mapped));
}

Result<Value> filter(CallContext& context, const Arguments& arguments) {
  WEIR_TRY(const Array* elements, arguments.array("arr"));
  WEIR_TRY(auto function, arguments.function("fn"));
  Array kept;
  for (const Value& element : *elements) {
    WEIR_TRY(Value keep, context.interpreter().call(*function, {{"x", element}}));
    if (keep.is(ValueType::boolean) && keep.as_bool()) kept.push_back(element);
  }
  return Value::of_array(std::move(kept));
}

}  // namespace

void add_array(Registry& registry) {
  registry.add_function("array", "concat", "(<-arr: array, v: array)", concat);
  registry.add_function("array", "map", "(<-arr: array, fn: function)", map);
  registry.add_function("array", "filter", "(<-arr: array, fn: function)", filter);
  registry.add_script("array", R"(
toString = (arr=<-) => arr |> map(fn: (x) => string(v: x))
toInt = (arr=<-) => arr |> map(fn: (x) => int(v: x))
toUInt = (arr=<-) => arr |> map(fn: (x) => uint(v: x))
toFloat = (arr=<-) => arr |> map(fn: (x) => float(v: x))
toBool = (arr=<-) => arr |> map(fn: (x) => bool(v: x))
toTime = (arr=<-) => arr |> map(fn: (x) => time(v: x))
toDuration = (arr=<-) => arr |> map(fn: (x) => duration(v: x))
)");
}

}  // namespace weir::query::flux
