// VectorExpression: an expression over a row record `r`, evaluated a whole column at a time.
//
// compile() turns a tree into column operations for tables of one schema: r.x is a column, what
// does not mention r is a constant, operators work on whole columns, calls of functions go row by
// row. What it has no operation for, it evaluates row by row with the interpreter, so that
// compiling never fails for want of one. The answer is that of the interpreter, except that in a
// filter a comparison of values of different types is null instead of an error, as in a predicate
// that a store evaluates. An evaluation that fails (a division by zero, say) may have failed in a
// row that `and` or `if` would have spared: RowFunction then tries again row by row. Used by
// row_function.cc on the query's thread. Immutable once compiled.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "query/exec/table.h"
#include "query/flux/ast.h"
#include "query/flux/function.h"
#include "query/flux/interpreter.h"

namespace weir::query {

struct ExecContext;

// Between so many rows of a loop that calls functions, limits are checked: calls can be slow, and
// the values they give large.
inline constexpr size_t kRowsBetweenChecks = 64;

// Rows to evaluate over, and the query whose limits hold.
struct RowBatch {
  ExecContext& context;
  const Columns& columns;
  const Chunk& chunk;
};

// One value for each row; `column` is null if all are null and have no type. Values that no column
// can hold (durations, regular expressions) only occur as constants.
struct Operand {
  ColumnPtr column;
  std::optional<flux::Value> constant = {};
};

class VectorExpression {
 public:
  virtual ~VectorExpression() = default;
  virtual Result<Operand> evaluate(const RowBatch& batch) const = 0;
  // The type of the result if it is known before evaluating.
  virtual std::optional<ColumnType> type() const { return std::nullopt; }
};
using VectorExpressionPtr = std::unique_ptr<const VectorExpression>;

struct CompileContext {
  flux::Interpreter& interpreter;
  flux::ScopePtr scope;              // of the lambda
  std::string parameter;             // the name of r
  const Columns& columns;            // of the tables it will see
  bool lenient_comparisons = false;  // a filter's
};

VectorExpressionPtr compile(const CompileContext& context, const flux::ast::ExpressionPtr& tree);

// Whether a tree mentions a name.
bool mentions(const flux::ast::Expression& tree, std::string_view name);
// Whether it means the same in every row, so that it may be evaluated once for all: it does not
// mention the row, and evaluating it does nothing else.
bool is_fixed(const flux::Interpreter& interpreter, const flux::ast::Expression& tree,
              std::string_view row);

}  // namespace weir::query
