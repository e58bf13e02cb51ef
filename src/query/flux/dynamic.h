// A value of type `dynamic`: any value in a wrapper, as JSON gives it. Its members and elements are
// dynamic too; what does not exist is a dynamic null. Conversions (int(), string(), ...) look
// inside, operators do not.
// Spec: Flux, package experimental/dynamic.
#pragma once

#include "query/flux/value.h"

namespace weir::query::flux {

class DynamicValue final : public Extension {
 public:
  explicit DynamicValue(Value inner) : inner_(std::move(inner)) {}
  std::string_view type_name() const override { return "dynamic"; }
  const Value* wrapped() const override { return &inner_; }

 private:
  Value inner_;
};

// A dynamic stays as it is. Arrays and records must hold dynamics.
inline Value make_dynamic(Value inner) {
  if (inner.is(ValueType::extension) && inner.as_extension()->wrapped() != nullptr) return inner;
  return Value::of_extension(std::make_shared<const DynamicValue>(std::move(inner)));
}

inline bool is_dynamic(const Value& value) {
  return value.is(ValueType::extension) && value.as_extension()->wrapped() != nullptr;
}

}  // namespace weir::query::flux
