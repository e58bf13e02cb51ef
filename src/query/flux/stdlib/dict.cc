// Package dict.
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

Result<Value> from_list(CallContext&, const Arguments& arguments) {
  WEIR_TRY(const Array* pairs, arguments.array("pairs"));
  Dictionary items;
  for (const Value& pair : *pairs) {
    const Value* key = pair.is(ValueType::record) ? pair.as_record().find("key") : nullptr;
    const Value* value = pair.is(ValueType::record) ? pair.as_record().find("value") : nullptr;
    if (key == nullptr || value == nullptr)
      return Error{Errc::invalid, "argument \"pairs\": wanted records {key, value}"};
    items.insert_or_assign(*key, *value);
  }
  return Value::of_dictionary(std::move(items));
}

Result<Value> get(CallContext&, const Arguments& arguments) {
  WEIR_TRY(const Dictionary* items, arguments.dictionary("dict"));
  auto found = items->find(arguments.raw("key"));
  return found == items->end() ? arguments.raw("default") : found->second;
}

Result<Value> insert(CallContext&, const Arguments& arguments) {
  WEIR_TRY(const Dictionary* items, arguments.dictionary("dict"));
  Dictionary changed = *items;
  changed.insert_or_assign(arguments.raw("key"), arguments.raw("value"));
  return Value::of_dictionary(std::move(changed));
}

Result<Value> remove(CallContext&, const Arguments& arguments) {
  WEIR_TRY(const Dictionary* items, arguments.dictionary("dict"));
  Dictionary changed = *items;
  changed.erase(arguments.raw("key"));
  return Value::of_dictionary(std::move(changed));
}

}  // namespace

void add_dict(Registry& registry) {
  registry.add_function("dict", "fromList", "(pairs: array)", from_list);
  registry.add_function("dict", "get", "(dict: dict, key, default)", get);
  registry.add_function("dict", "insert", "(dict: dict, key, value)", insert);
  registry.add_function("dict", "remove", "(dict: dict, key)", remove);
}

}  // namespace weir::query::flux
