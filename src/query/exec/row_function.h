// RowFunction: a script's lambda `(r) => ...`, ready to run over tables.
//
// prepare() compiles it for one schema. Both evaluations give the same: by columns first, and row
// by row through the interpreter where columns cannot (a block with statements of its own, a
// failure that the script's `and` and `if` may have avoided). Used by filter(), map() and their
// kin, on the query's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query/exec/context.h"
#include "query/exec/vector_expression.h"

namespace weir::query {

class RowFunction {
 public:
  // `parameter`: how the operator calls it, "r".
  RowFunction(flux::Interpreter& interpreter, std::shared_ptr<const flux::Function> function,
              std::string parameter = "r");

  // Tells the columns of the tables that follow; cheap if they are those of the last.
  void prepare(const Columns& columns, bool lenient_comparisons);

  // For filter(): which rows it is true for.
  Result<std::vector<uint32_t>> matching_rows(ExecContext& context, const Chunk& chunk) const;

  // For map(): the records it returns, as columns. Properties that are null in every row are left
  // out unless their type is known.
  struct Records {
    Columns columns;
    Chunk chunk;
  };
  Result<Records> records(ExecContext& context, const Chunk& chunk) const;
  // The columns that records() will have, if that is known before any row is seen.
  std::optional<Columns> record_columns() const;

 private:
  struct Property {
    std::string label;
    VectorExpressionPtr expression;
  };
  void prepare_records(const CompileContext& context, const flux::ast::Expression& body);
  // Of a property that is null in every row: what its expression gives, or the input's column.
  std::optional<ColumnType> null_type(std::string_view label) const;
  bool by_columns(const ExecContext& context) const;
  Result<flux::Value> call(const Chunk& chunk, size_t row) const;
  Result<std::vector<uint32_t>> rows_by_call(ExecContext& context, const Chunk& chunk) const;
  Result<Records> records_by_columns(ExecContext& context, const Chunk& chunk) const;
  Result<Records> records_by_call(ExecContext& context, const Chunk& chunk) const;

  flux::Interpreter& interpreter_;
  std::shared_ptr<const flux::Function> function_;
  std::string parameter_;
  Columns columns_;
  bool prepared_ = false;
  VectorExpressionPtr condition_;                    // null: by call
  std::optional<std::vector<Property>> properties_;  // nothing: by call
};

}  // namespace weir::query
