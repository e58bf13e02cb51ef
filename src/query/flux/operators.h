// What Flux's operators do to values: the one place for its strict typing and its nulls.
//
// int, uint and float never mix. A null operand makes an arithmetic or comparison result null.
// Integers wrap on overflow; dividing one by zero is an error. Errors are Errc::invalid without a
// place; the interpreter adds it. Any thread.
// Spec: Flux specification, "Operators".
#pragma once

#include "base/result.h"
#include "query/flux/ast.h"
#include "query/flux/value.h"

namespace weir::query::flux {

Result<Value> apply(ast::BinaryOperator op, const Value& left, const Value& right);
Result<Value> apply(ast::UnaryOperator op, const Value& argument);
// Three-valued `and` and `or` of two evaluated operands (bool or null).
Result<Value> apply(ast::LogicalOperator op, const Value& left, const Value& right);

// -1, 0 or 1 for two values of one basic type (numbers, strings bytewise, bools, times);
// Errc::invalid otherwise.
Result<int> compare(const Value& a, const Value& b);

}  // namespace weir::query::flux
