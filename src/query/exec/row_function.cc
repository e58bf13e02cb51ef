#include "query/exec/row_function.h"

#include "query/exec/values.h"
#include "query/exec/vector_operators.h"

namespace weir::query {

using flux::Value;
namespace ast = flux::ast;

RowFunction::RowFunction(flux::Interpreter& interpreter,
                         std::shared_ptr<const flux::Function> function, std::string parameter)
    : interpreter_(interpreter), function_(std::move(function)), parameter_(std::move(parameter)) {}

void RowFunction::prepare(const Columns& columns, bool lenient_comparisons) {
  if (prepared_ && columns == columns_) return;
  prepared_ = true;
  columns_ = columns;
  condition_ = nullptr;
  properties_ = std::nullopt;
  const ast::Expression* body = returned_expression(*function_);
  if (body == nullptr) return;
  // The tree is shared with the function; a pointer without ownership of its own will do.
  ast::ExpressionPtr tree(function_->expression(), body);
  CompileContext context{interpreter_, function_->scope(), parameter_, columns_,
                         lenient_comparisons};
  const ast::Expression& inner = without_parens(*body);
  if (inner.kind == ast::ExpressionKind::object) return prepare_records(context, inner);
  condition_ = compile(context, tree);
}

void RowFunction::prepare_records(const CompileContext& context, const ast::Expression& body) {
  const auto& object = *ast::as<ast::ObjectExpression>(body);
  std::vector<Property> properties;
  auto set = [&](const std::string& label, VectorExpressionPtr expression) {
    for (Property& property : properties) {
      if (property.label != label) continue;
      property.expression = std::move(expression);
      return;
    }
    properties.push_back({label, std::move(expression)});
  };
  if (object.with != nullptr) {
    if (object.with->name != parameter_) return;
    for (const ColumnInfo& column : columns_) {
      auto row = std::make_shared<ast::Identifier>();
      row->name = parameter_;
      auto member = std::make_shared<ast::MemberExpression>();
      member->object = std::move(row);
      member->property = column.label;
      set(column.label, compile(context, member));
    }
  }
  for (const ast::Property& property : object.properties) {
    if (property.value == nullptr) return;  // {r}: a name alone
    set(property.key, compile(context, property.value));
  }
  properties_ = std::move(properties);
}

// By columns, calls come in another order, for rows that a condition spares as well, and again if
// one fails.
bool RowFunction::by_columns(const ExecContext& context) const {
  return context.vectorise && !interpreter_.has_effects();
}

Result<Value> RowFunction::call(const Chunk& chunk, size_t row) const {
  Value record = Value::of_record(record_at(columns_, chunk, row));
  return interpreter_.call(*function_, {flux::NamedValue{parameter_, std::move(record)}});
}

Result<std::vector<uint32_t>> RowFunction::rows_by_call(ExecContext& context,
                                                        const Chunk& chunk) const {
  std::vector<uint32_t> rows;
  for (size_t row = 0; row < chunk.rows; ++row) {
    if (row % kRowsBetweenChecks == 0) WEIR_CHECK(context.check());
    WEIR_TRY(Value value, call(chunk, row));
    if (value.is_null()) continue;
    if (!value.is(flux::ValueType::boolean)) {
      return Error{Errc::invalid,
                   "a predicate returns bool, this one returned " + std::string(value.type_name())};
    }
    if (value.as_bool()) rows.push_back(static_cast<uint32_t>(row));
  }
  return rows;
}

Result<std::vector<uint32_t>> RowFunction::matching_rows(ExecContext& context,
                                                         const Chunk& chunk) const {
  if (condition_ == nullptr || !by_columns(context)) return rows_by_call(context, chunk);
  auto result = condition_->evaluate({context, columns_, chunk});
  if (!result.ok()) return rows_by_call(context, chunk);
  std::vector<uint32_t> rows;
  if (result->column == nullptr && !result->constant) return rows;
  if (result->column == nullptr || result->column->type != ColumnType::boolean)
    return rows_by_call(context, chunk);
  const Column& matches = *result->column;
  for (size_t row = 0; row < chunk.rows; ++row)
    if (matches.is_valid(row) && matches.bool_at(row)) rows.push_back(static_cast<uint32_t>(row));
  return rows;
}

std::optional<ColumnType> RowFunction::null_type(std::string_view label) const {
  if (properties_) {
    for (const Property& property : *properties_)
      if (property.label == label && property.expression->type())
        return property.expression->type();
  }
  std::optional<size_t> input = find_column(columns_, label);
  return input ? std::optional(columns_[*input].type) : std::nullopt;
}

std::optional<Columns> RowFunction::record_columns() const {
  if (!properties_) return std::nullopt;
  Columns columns;
  for (const Property& property : *properties_) {
    std::optional<ColumnType> type = property.expression->type();
    if (!type) return std::nullopt;
    columns.push_back({property.label, *type});
  }
  return columns;
}

Result<RowFunction::Records> RowFunction::records_by_columns(ExecContext& context,
                                                             const Chunk& chunk) const {
  Records out;
  out.chunk.rows = chunk.rows;
  for (const Property& property : *properties_) {
    WEIR_TRY(Operand operand, property.expression->evaluate({context, columns_, chunk}));
    if (operand.column == nullptr && operand.constant)
      WEIR_CHECK(to_scalar(*operand.constant, property.label));  // says what is wrong with it
    if (operand.column == nullptr) {
      std::optional<ColumnType> type = null_type(property.label);
      if (!type) continue;
      operand.column = null_column(*type, chunk.rows);
    }
    out.columns.push_back({property.label, operand.column->type});
    out.chunk.columns.push_back(std::move(operand.column));
  }
  return out;
}

Result<RowFunction::Records> RowFunction::records_by_call(ExecContext& context,
                                                          const Chunk& chunk) const {
  std::vector<std::string> labels;
  std::vector<ValueColumnBuilder> builders;
  std::vector<size_t> rows_of;
  for (size_t row = 0; row < chunk.rows; ++row) {
    if (row % kRowsBetweenChecks == 0) WEIR_CHECK(context.check());
    WEIR_TRY(Value value, call(chunk, row));
    if (!value.is(flux::ValueType::record)) {
      return Error{Errc::invalid, "the function returns a record, this one returned " +
                                      std::string(value.type_name())};
    }
    for (const auto& [label, property] : value.as_record().properties()) {
      size_t at = 0;
      while (at < labels.size() && labels[at] != label) ++at;
      if (at == labels.size()) {
        labels.push_back(label);
        builders.emplace_back(label, &context.memory);
        rows_of.push_back(0);
      }
      for (; rows_of[at] < row; ++rows_of[at]) WEIR_CHECK(builders[at].append(Value()));
      WEIR_CHECK(builders[at].append(property));
      ++rows_of[at];
    }
  }
  Records out;
  out.chunk.rows = chunk.rows;
  for (size_t at = 0; at < labels.size(); ++at) {
    for (; rows_of[at] < chunk.rows; ++rows_of[at]) WEIR_CHECK(builders[at].append(Value()));
    ColumnPtr column = builders[at].finish();
    if (column == nullptr) {
      std::optional<ColumnType> type = null_type(labels[at]);
      if (!type) continue;
      column = null_column(*type, chunk.rows);
    }
    out.columns.push_back({labels[at], column->type});
    out.chunk.columns.push_back(std::move(column));
  }
  return out;
}

Result<RowFunction::Records> RowFunction::records(ExecContext& context, const Chunk& chunk) const {
  if (properties_ && by_columns(context)) {
    auto records = records_by_columns(context, chunk);
    if (records.ok()) return records;
  }
  return records_by_call(context, chunk);
}

}  // namespace weir::query
