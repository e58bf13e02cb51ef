#include "query/flux/operators.h"

#include <re2/re2.h>

#include <cmath>
#include <limits>

#include "query/flux/calendar.h"

namespace weir::query::flux {
namespace {

using ast::BinaryOperator;

Error unsupported(std::string_view op, const Value& left, const Value& right) {
  return {Errc::invalid, "unsupported operands: " + std::string(left.type_name()) + " " +
                             std::string(op) + " " + std::string(right.type_name())};
}

bool is_number(const Value& value) {
  return value.is(ValueType::integer) || value.is(ValueType::unsigned_integer) ||
         value.is(ValueType::floating);
}

double as_double(const Value& value) {
  if (value.is(ValueType::integer)) return static_cast<double>(value.as_int());
  if (value.is(ValueType::unsigned_integer)) return static_cast<double>(value.as_uint());
  return value.as_float();
}

// Squaring; wraps on overflow like the other integer operators.
uint64_t integer_power(uint64_t base, uint64_t exponent) {
  uint64_t result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base)
    if (exponent & 1) result *= base;
  return result;
}

Result<Value> apply_int(BinaryOperator op, int64_t a, int64_t b) {
  auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  switch (op) {
    case BinaryOperator::add:
      return Value::of_int(static_cast<int64_t>(ua + ub));
    case BinaryOperator::subtract:
      return Value::of_int(static_cast<int64_t>(ua - ub));
    case BinaryOperator::multiply:
      return Value::of_int(static_cast<int64_t>(ua * ub));
    case BinaryOperator::divide:
      if (b == 0) return Error{Errc::invalid, "cannot divide by zero"};
      // -1: the smallest integer has no positive twin and wraps.
      return Value::of_int(b == -1 ? static_cast<int64_t>(0 - ua) : a / b);
    case BinaryOperator::modulo:
      if (b == 0) return Error{Errc::invalid, "cannot mod zero"};
      return Value::of_int(b == -1 ? 0 : a % b);
    default:
      if (b < 0)
        return Value::of_int(static_cast<int64_t>(
            a == 0 ? 0 : std::pow(static_cast<double>(a), static_cast<double>(b))));
      return Value::of_int(static_cast<int64_t>(integer_power(ua, ub)));
  }
}

Result<Value> apply_uint(BinaryOperator op, uint64_t a, uint64_t b) {
  switch (op) {
    case BinaryOperator::add:
      return Value::of_uint(a + b);
    case BinaryOperator::subtract:
      return Value::of_uint(a - b);
    case BinaryOperator::multiply:
      return Value::of_uint(a * b);
    case BinaryOperator::divide:
      if (b == 0) return Error{Errc::invalid, "cannot divide by zero"};
      return Value::of_uint(a / b);
    case BinaryOperator::modulo:
      if (b == 0) return Error{Errc::invalid, "cannot mod zero"};
      return Value::of_uint(a % b);
    default:
      return Value::of_uint(integer_power(a, b));
  }
}

Result<Value> apply_float(BinaryOperator op, double a, double b) {
  switch (op) {
    case BinaryOperator::add:
      return Value::of_float(a + b);
    case BinaryOperator::subtract:
      return Value::of_float(a - b);
    case BinaryOperator::multiply:
      return Value::of_float(a * b);
    case BinaryOperator::divide:
      return Value::of_float(a / b);  // IEEE 754: by zero an infinity or NaN
    case BinaryOperator::modulo:
      if (b == 0) return Error{Errc::invalid, "cannot mod zero"};
      return Value::of_float(std::fmod(a, b));
    default:
      return Value::of_float(std::pow(a, b));
  }
}

// Times and durations. The specification allows time ± duration; a difference of times is weir's.
Result<Value> apply_time(BinaryOperator op, const Value& left, const Value& right) {
  bool plus = op == BinaryOperator::add, minus = op == BinaryOperator::subtract;
  bool left_time = left.is(ValueType::time), right_time = right.is(ValueType::time);
  bool left_duration = left.is(ValueType::duration), right_duration = right.is(ValueType::duration);
  if ((plus || minus) && left_time && right_duration) {
    const Duration& d = right.as_duration();
    WEIR_TRY(int64_t ns, plus ? add(left.as_time_ns(), d) : subtract(left.as_time_ns(), d));
    return Value::of_time(ns);
  }
  if (plus && left_duration && right_time) {
    WEIR_TRY(int64_t ns, add(right.as_time_ns(), left.as_duration()));
    return Value::of_time(ns);
  }
  if (minus && left_time && right_time) {
    int64_t ns = 0;
    if (__builtin_sub_overflow(left.as_time_ns(), right.as_time_ns(), &ns))
      return Error{Errc::invalid, "difference of times is out of range"};
    return Value::of_duration(Duration::of_ns(ns));
  }
  if ((plus || minus) && left_duration && right_duration) {
    const Duration& d = right.as_duration();
    WEIR_TRY(Duration sum, add(left.as_duration(), plus ? d : d.negated()));
    return Value::of_duration(sum);
  }
  if (op == BinaryOperator::multiply && left_duration && right.is(ValueType::integer)) {
    WEIR_TRY(Duration product, multiply(left.as_duration(), right.as_int()));
    return Value::of_duration(product);
  }
  if (op == BinaryOperator::multiply && left.is(ValueType::integer) && right_duration) {
    WEIR_TRY(Duration product, multiply(right.as_duration(), left.as_int()));
    return Value::of_duration(product);
  }
  return unsupported(ast::to_string(op), left, right);
}

Result<Value> apply_arithmetic(BinaryOperator op, const Value& left, const Value& right) {
  if (left.is(ValueType::integer) && right.is(ValueType::integer))
    return apply_int(op, left.as_int(), right.as_int());
  if (left.is(ValueType::floating) && right.is(ValueType::floating))
    return apply_float(op, left.as_float(), right.as_float());
  if (left.is(ValueType::unsigned_integer) && right.is(ValueType::unsigned_integer))
    return apply_uint(op, left.as_uint(), right.as_uint());
  if (op == BinaryOperator::add && left.is(ValueType::string) && right.is(ValueType::string))
    return Value::of_string(left.as_string() + right.as_string());
  return apply_time(op, left, right);
}

template <class T>
int order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

// Numbers of different types: exactly, not by way of float.
int order_int_uint(int64_t a, uint64_t b) {
  return a < 0 ? -1 : order(static_cast<uint64_t>(a), b);
}

bool involves_nan(const Value& value) {
  return value.is(ValueType::floating) && std::isnan(value.as_float());
}

Result<bool> equal(const Value& left, const Value& right) {
  if (is_number(left) && is_number(right)) {
    if (involves_nan(left) || involves_nan(right)) return false;
    WEIR_TRY(int ordering, compare(left, right));
    return ordering == 0;
  }
  if (left.type() != right.type()) return unsupported("==", left, right);
  return equals(left, right);
}

Result<Value> apply_comparison(BinaryOperator op, const Value& left, const Value& right) {
  if (op == BinaryOperator::equal || op == BinaryOperator::not_equal) {
    WEIR_TRY(bool same, equal(left, right));
    return Value::of_bool(same == (op == BinaryOperator::equal));
  }
  Result<int> ordering = compare(left, right);
  if (!ordering.ok()) return unsupported(ast::to_string(op), left, right);
  if (involves_nan(left) || involves_nan(right)) return Value::of_bool(false);
  switch (op) {
    case BinaryOperator::less:
      return Value::of_bool(*ordering < 0);
    case BinaryOperator::less_equal:
      return Value::of_bool(*ordering <= 0);
    case BinaryOperator::greater:
      return Value::of_bool(*ordering > 0);
    default:
      return Value::of_bool(*ordering >= 0);
  }
}

Result<Value> apply_match(BinaryOperator op, const Value& left, const Value& right) {
  if (!left.is(ValueType::string) || !right.is(ValueType::regexp))
    return unsupported(ast::to_string(op), left, right);
  const std::string& text = left.as_string();
  bool matches = RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), right.as_regexp());
  return Value::of_bool(matches == (op == BinaryOperator::regexp_match));
}

}  // namespace

Result<int> compare(const Value& a, const Value& b) {
  using Type = ValueType;
  if (a.type() == b.type()) {
    switch (a.type()) {
      case Type::integer:
        return order(a.as_int(), b.as_int());
      case Type::unsigned_integer:
        return order(a.as_uint(), b.as_uint());
      case Type::floating:
        return order(a.as_float(), b.as_float());
      case Type::string:
        return order(a.as_string(), b.as_string());
      case Type::boolean:
        return order(a.as_bool(), b.as_bool());
      case Type::time:
        return order(a.as_time_ns(), b.as_time_ns());
      case Type::bytes:
        return order(a.as_bytes(), b.as_bytes());
      case Type::duration: {
        const Duration &x = a.as_duration(), &y = b.as_duration();
        if (x.months == 0 && y.months == 0) return order(x.signed_ns(), y.signed_ns());
        if (x.nanoseconds == 0 && y.nanoseconds == 0)
          return order(x.signed_months(), y.signed_months());
        return Error{Errc::invalid, "cannot compare durations of months and of smaller units"};
      }
      default:
        break;
    }
  } else if (is_number(a) && is_number(b)) {
    if (a.is(Type::integer) && b.is(Type::unsigned_integer))
      return order_int_uint(a.as_int(), b.as_uint());
    if (a.is(Type::unsigned_integer) && b.is(Type::integer))
      return -order_int_uint(b.as_int(), a.as_uint());
    return order(as_double(a), as_double(b));
  }
  return Error{Errc::invalid, "cannot compare " + std::string(a.type_name()) + " with " +
                                  std::string(b.type_name())};
}

Result<Value> apply(BinaryOperator op, const Value& left, const Value& right) {
  if (left.is_null() || right.is_null()) return Value();
  switch (op) {
    case BinaryOperator::multiply:
    case BinaryOperator::divide:
    case BinaryOperator::modulo:
    case BinaryOperator::power:
    case BinaryOperator::add:
    case BinaryOperator::subtract:
      return apply_arithmetic(op, left, right);
    case BinaryOperator::regexp_match:
    case BinaryOperator::regexp_not_match:
      return apply_match(op, left, right);
    default:
      return apply_comparison(op, left, right);
  }
}

Result<Value> apply(ast::UnaryOperator op, const Value& argument) {
  if (op == ast::UnaryOperator::exists) return Value::of_bool(!argument.unwrapped().is_null());
  if (argument.is_null()) return Value();
  if (op == ast::UnaryOperator::logical_not) {
    if (argument.is(ValueType::boolean)) return Value::of_bool(!argument.as_bool());
  } else if (op == ast::UnaryOperator::add) {
    if (is_number(argument) || argument.is(ValueType::duration)) return argument;
  } else {
    switch (argument.type()) {
      case ValueType::integer:
        return Value::of_int(static_cast<int64_t>(0 - static_cast<uint64_t>(argument.as_int())));
      case ValueType::unsigned_integer:
        return Value::of_uint(0 - argument.as_uint());
      case ValueType::floating:
        return Value::of_float(-argument.as_float());
      case ValueType::duration:
        return Value::of_duration(argument.as_duration().negated());
      default:
        break;
    }
  }
  return Error{Errc::invalid, "unsupported operand: " + std::string(ast::to_string(op)) + " " +
                                  std::string(argument.type_name())};
}

Result<Value> apply(ast::LogicalOperator op, const Value& left, const Value& right) {
  for (const Value* side : {&left, &right})
    if (!side->is_null() && !side->is(ValueType::boolean))
      return Error{Errc::invalid, "unsupported operands: " + std::string(left.type_name()) + " " +
                                      std::string(ast::to_string(op)) + " " +
                                      std::string(right.type_name())};
  // The value that decides alone: false for `and`, true for `or`.
  bool decides = op == ast::LogicalOperator::logical_or;
  for (const Value* side : {&left, &right})
    if (!side->is_null() && side->as_bool() == decides) return Value::of_bool(decides);
  if (left.is_null() || right.is_null()) return Value();
  return Value::of_bool(!decides);
}

}  // namespace weir::query::flux
