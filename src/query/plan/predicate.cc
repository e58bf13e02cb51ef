#include "query/plan/predicate.h"

#include <re2/re2.h>

#include <cmath>

#include "query/exec/vector_expression.h"
#include "query/flux/interpreter.h"

namespace weir::query {

namespace {

using flux::Value;
using flux::ValueType;
using flux::ast::BinaryOperator;
using Kind = store::Predicate::Kind;
using model::FieldValue;
using Converted = std::optional<store::PredicatePtr>;
namespace ast = flux::ast;

constexpr double kExactFloatMax = 9007199254740992.0;  // 2^53: integers below are floats, exactly

store::PredicatePtr always() { return store::all_of({}); }
store::PredicatePtr never() { return store::any_of({}); }

std::optional<Kind> value_kind(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::equal:
      return Kind::value_equal;
    case BinaryOperator::not_equal:
      return Kind::value_not_equal;
    case BinaryOperator::less:
      return Kind::value_less;
    case BinaryOperator::less_equal:
      return Kind::value_less_equal;
    case BinaryOperator::greater:
      return Kind::value_greater;
    case BinaryOperator::greater_equal:
      return Kind::value_greater_equal;
    default:
      return std::nullopt;
  }
}

BinaryOperator opposite(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::equal:
      return BinaryOperator::not_equal;
    case BinaryOperator::not_equal:
      return BinaryOperator::equal;
    case BinaryOperator::less:
      return BinaryOperator::greater_equal;
    case BinaryOperator::less_equal:
      return BinaryOperator::greater;
    case BinaryOperator::greater:
      return BinaryOperator::less_equal;
    case BinaryOperator::greater_equal:
      return BinaryOperator::less;
    case BinaryOperator::regexp_match:
      return BinaryOperator::regexp_not_match;
    case BinaryOperator::regexp_not_match:
      return BinaryOperator::regexp_match;
    default:
      return op;
  }
}

// a op b  ==  b mirrored(op) a
BinaryOperator mirrored(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::less:
      return BinaryOperator::greater;
    case BinaryOperator::less_equal:
      return BinaryOperator::greater_equal;
    case BinaryOperator::greater:
      return BinaryOperator::less;
    case BinaryOperator::greater_equal:
      return BinaryOperator::less_equal;
    default:
      return op;
  }
}

bool upward(BinaryOperator op) {  // true of all values that are large enough
  return op == BinaryOperator::greater || op == BinaryOperator::greater_equal ||
         op == BinaryOperator::not_equal;
}
bool downward(BinaryOperator op) {
  return op == BinaryOperator::less || op == BinaryOperator::less_equal ||
         op == BinaryOperator::not_equal;
}

store::PredicatePtr any_value(FieldValue lowest) {
  return store::value_compare(Kind::value_greater_equal, lowest);
}

// Int and uint fields against an integer that may lie outside of either's range.
void add_integer_cases(BinaryOperator op, __int128 literal, std::vector<store::PredicatePtr>& out) {
  Kind kind = *value_kind(op);
  if (literal >= INT64_MIN && literal <= INT64_MAX) {
    out.push_back(store::value_compare(kind, FieldValue::of_int(static_cast<int64_t>(literal))));
  } else if (literal > INT64_MAX ? downward(op) : upward(op)) {
    out.push_back(any_value(FieldValue::of_int(INT64_MIN)));
  }
  if (literal >= 0 && literal <= static_cast<__int128>(UINT64_MAX)) {
    out.push_back(store::value_compare(kind, FieldValue::of_uint(static_cast<uint64_t>(literal))));
  } else if (literal < 0 && upward(op)) {
    out.push_back(any_value(FieldValue::of_uint(0)));
  }
}

Converted compare_with_number(BinaryOperator op, const Value& literal) {
  std::vector<store::PredicatePtr> cases;
  Kind kind = *value_kind(op);
  if (literal.is(ValueType::floating)) {
    double value = literal.as_float();
    if (std::isnan(value) || std::abs(value) >= kExactFloatMax) return std::nullopt;
    cases.push_back(store::value_compare(kind, FieldValue::of_float(value)));
    double whole = std::floor(value);
    if (whole == value) {
      add_integer_cases(op, static_cast<__int128>(value), cases);
    } else if (op == BinaryOperator::not_equal) {
      cases.push_back(any_value(FieldValue::of_int(INT64_MIN)));
      cases.push_back(any_value(FieldValue::of_uint(0)));
    } else if (op != BinaryOperator::equal) {
      bool up = upward(op);  // x > 1.5 is x >= 2, x < 1.5 is x <= 1
      add_integer_cases(up ? BinaryOperator::greater_equal : BinaryOperator::less_equal,
                        static_cast<__int128>(up ? whole + 1 : whole), cases);
    }
  } else {
    bool is_int = literal.is(ValueType::integer);
    __int128 value =
        is_int ? static_cast<__int128>(literal.as_int()) : static_cast<__int128>(literal.as_uint());
    cases.push_back(store::value_compare(kind, FieldValue::of_float(static_cast<double>(value))));
    add_integer_cases(op, value, cases);
  }
  return store::any_of(std::move(cases));
}

Converted compare_value(BinaryOperator op, const Value& literal) {
  if (!value_kind(op)) return std::nullopt;
  switch (literal.type()) {
    case ValueType::integer:
    case ValueType::unsigned_integer:
    case ValueType::floating:
      return compare_with_number(op, literal);
    case ValueType::string:
      return store::value_compare(*value_kind(op), FieldValue::of_string(literal.as_string()));
    case ValueType::boolean:
      if (op != BinaryOperator::equal && op != BinaryOperator::not_equal) return std::nullopt;
      return store::value_compare(*value_kind(op), FieldValue::of_bool(literal.as_bool()));
    case ValueType::null:
      return never();
    default:
      return std::nullopt;
  }
}

bool always_there(const std::string& label) { return label == "_measurement" || label == "_field"; }

// Together with the tag's being there at all.
store::PredicatePtr if_exists(const std::string& label, store::PredicatePtr condition) {
  if (always_there(label)) return condition;
  return store::all_of({store::tag_exists(label), std::move(condition)});
}

Converted compare_tag(BinaryOperator op, const std::string& label, const Value& literal) {
  bool matches = op == BinaryOperator::regexp_match;
  if (matches || op == BinaryOperator::regexp_not_match) {
    if (!literal.is(ValueType::regexp)) return std::nullopt;
    std::string pattern = literal.as_regexp().pattern();
    auto condition =
        matches ? store::tag_matches(label, pattern) : store::tag_not_matches(label, pattern);
    if (!condition.ok()) return std::nullopt;
    return if_exists(label, std::move(*condition));
  }
  if (op != BinaryOperator::equal && op != BinaryOperator::not_equal) return std::nullopt;
  // Values of other types compare to null.
  if (!literal.is(ValueType::string)) return never();
  const std::string& text = literal.as_string();
  if (op == BinaryOperator::equal) return text.empty() ? never() : store::tag_equal(label, text);
  return if_exists(label, store::tag_not_equal(label, text));
}

class Converter {
 public:
  Converter(const FilterSpec& filter, std::string parameter)
      : interpreter_(*filter.interpreter),
        scope_(filter.function->scope()),
        parameter_(std::move(parameter)) {}

  // The predicate that holds exactly where `tree` is true, or false if `negated`.
  Converted convert(const ast::Expression& tree, bool negated) const {
    if (is_fixed(interpreter_, tree, parameter_)) return constant(tree, negated);
    if (const auto* paren = ast::as<ast::ParenExpression>(tree))
      return convert(*paren->expression, negated);
    if (const auto* logical = ast::as<ast::LogicalExpression>(tree)) {
      Converted left = convert(*logical->left, negated), right = convert(*logical->right, negated);
      if (!left || !right) return std::nullopt;
      bool is_and = logical->op == ast::LogicalOperator::logical_and;
      std::vector<store::PredicatePtr> both{std::move(*left), std::move(*right)};
      return is_and != negated ? store::all_of(std::move(both)) : store::any_of(std::move(both));
    }
    if (const auto* unary = ast::as<ast::UnaryExpression>(tree))
      return convert_unary(*unary, negated);
    if (const auto* binary = ast::as<ast::BinaryExpression>(tree))
      return convert_binary(*binary, negated);
    return std::nullopt;
  }

 private:
  Converted constant(const ast::Expression& tree, bool negated) const {
    auto value = interpreter_.evaluate(tree, scope_);
    if (!value.ok()) return std::nullopt;
    if (value->is_null()) return never();
    if (!value->is(ValueType::boolean)) return std::nullopt;
    return value->as_bool() != negated ? always() : never();
  }

  Converted convert_unary(const ast::UnaryExpression& unary, bool negated) const {
    if (unary.op == ast::UnaryOperator::logical_not) return convert(*unary.argument, !negated);
    if (unary.op != ast::UnaryOperator::exists) return std::nullopt;
    std::optional<std::string> label = column(*unary.argument);
    if (!label) return std::nullopt;
    bool there = always_there(*label) || is_own_column(*label);
    if (there) return negated ? never() : always();
    return negated ? store::negation(store::tag_exists(*label)) : store::tag_exists(*label);
  }

  Converted convert_binary(const ast::BinaryExpression& binary, bool negated) const {
    BinaryOperator op = binary.op;
    std::optional<std::string> label = column(*binary.left);
    const ast::Expression* other = binary.right.get();
    bool regexp = op == BinaryOperator::regexp_match || op == BinaryOperator::regexp_not_match;
    if (!label && !regexp) {
      label = column(*binary.right);
      other = binary.left.get();
      op = mirrored(op);
    }
    if (!label || !is_fixed(interpreter_, *other, parameter_)) return std::nullopt;
    auto literal = interpreter_.evaluate(*other, scope_);
    if (!literal.ok()) return std::nullopt;
    if (negated) op = opposite(op);
    if (*label == "_value") return compare_value(op, *literal);
    if (is_own_column(*label)) return std::nullopt;  // _time, _start, _stop
    return compare_tag(op, *label, *literal);
  }

  static bool is_own_column(const std::string& label) {
    return label == "_value" || label == "_time" || label == "_start" || label == "_stop";
  }

  // The column that r.x or r["x"] names.
  std::optional<std::string> column(const ast::Expression& wrapped) const {
    const ast::Expression& tree = without_parens(wrapped);
    auto is_row = [&](const ast::Expression& object) {
      const auto* name = ast::as<ast::Identifier>(without_parens(object));
      return name != nullptr && name->name == parameter_;
    };
    if (const auto* member = ast::as<ast::MemberExpression>(tree))
      return is_row(*member->object) ? std::optional(member->property) : std::nullopt;
    if (const auto* index = ast::as<ast::IndexExpression>(tree)) {
      const auto* text = ast::as<ast::StringLiteral>(without_parens(*index->index));
      if (text != nullptr && is_row(*index->array)) return text->value;
    }
    return std::nullopt;
  }

  flux::Interpreter& interpreter_;
  flux::ScopePtr scope_;
  std::string parameter_;
};

void split(const ast::Expression& wrapped, std::vector<const ast::Expression*>& conjuncts) {
  const ast::Expression& tree = without_parens(wrapped);
  const auto* logical = ast::as<ast::LogicalExpression>(tree);
  if (logical == nullptr || logical->op != ast::LogicalOperator::logical_and) {
    conjuncts.push_back(&tree);
    return;
  }
  split(*logical->left, conjuncts);
  split(*logical->right, conjuncts);
}

}  // namespace

PushedFilter push_filter(const FilterSpec& filter) {
  PushedFilter out;
  if (filter.keep_empty) return out;  // tables that lose all rows must stay
  const ast::Expression* body = returned_expression(*filter.function);
  if (body == nullptr) return out;
  Converter converter(filter, "r");
  std::vector<const ast::Expression*> conjuncts;
  split(*body, conjuncts);
  std::vector<store::PredicatePtr> pushed;
  for (const ast::Expression* conjunct : conjuncts)
    if (Converted converted = converter.convert(*conjunct, false))
      pushed.push_back(std::move(*converted));
  out.complete = pushed.size() == conjuncts.size();
  if (pushed.size() == 1) {
    out.predicate = std::move(pushed[0]);
  } else if (!pushed.empty()) {
    out.predicate = store::all_of(std::move(pushed));
  }
  return out;
}

}  // namespace weir::query
