// The operators of Flux on whole columns. See vector_expression.h for nulls and types.
#pragma once

#include "query/exec/vector_expression.h"
#include "query/flux/ast.h"

namespace weir::query {

struct BinaryRules {
  // Comparisons of values of different types give null rather than an error.
  bool lenient_comparisons = false;
};

Result<Operand> apply(flux::ast::BinaryOperator op, const Operand& left, const Operand& right,
                      const RowBatch& batch, BinaryRules rules);
Result<Operand> apply(flux::ast::UnaryOperator op, const Operand& argument, const RowBatch& batch);
// Three-valued; both operands are bool or null.
Result<Operand> apply(flux::ast::LogicalOperator op, const Operand& left, const Operand& right,
                      size_t rows);
// Row by row; `test` is bool, null taking the alternate.
Result<Operand> choose(const Operand& test, const Operand& consequent, const Operand& alternate,
                       const RowBatch& batch);

// The value of one row, whatever the operand is.
flux::Value value_at(const Operand& operand, size_t row);
// A constant operand of any value.
Operand constant_operand(flux::Value value, size_t rows);
bool is_comparison(flux::ast::BinaryOperator op);

}  // namespace weir::query
