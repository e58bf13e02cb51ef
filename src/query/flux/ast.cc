#include "query/flux/ast.h"

#include <array>
#include <limits>

namespace weir::query::flux::ast {

std::string to_string(const Location& location) {
  auto position = [](const Position& p) {
    return std::to_string(p.line) + ":" + std::to_string(p.column);
  };
  return "@" + position(location.start) + "-" + position(location.end);
}

std::string_view to_string(UnaryOperator op) {
  constexpr std::array<std::string_view, 4> kNames = {"+", "-", "not", "exists"};
  return kNames[static_cast<size_t>(op)];
}

std::string_view to_string(BinaryOperator op) {
  constexpr std::array<std::string_view, 14> kNames = {"*",  "/", "%",  "^",  "+",  "-",  "<",
                                                       "<=", ">", ">=", "==", "!=", "=~", "!~"};
  return kNames[static_cast<size_t>(op)];
}

std::string_view to_string(LogicalOperator op) {
  return op == LogicalOperator::logical_and ? "and" : "or";
}

int64_t DateTimeLiteral::value_ns() const {
  // The first and last second in range only fit together with their nanoseconds.
  __extension__ using Wide = __int128;
  Wide ns = static_cast<Wide>(seconds) * 1'000'000'000 + nanosecond;
  if (ns < std::numeric_limits<int64_t>::min()) return std::numeric_limits<int64_t>::min();
  if (ns > std::numeric_limits<int64_t>::max()) return std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(ns);
}

const Expression& without_parens(const Expression& expression) {
  const Expression* inner = &expression;
  while (auto* paren = as<ParenExpression>(*inner)) inner = paren->expression.get();
  return *inner;
}

}  // namespace weir::query::flux::ast
