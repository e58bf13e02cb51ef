// fill(): nulls of a column replaced by a value, or by the last value before them. A column that a
// table does not have is all nulls.
#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

ColumnPtr fill_value(const Column& column, const Scalar& value) {
  ColumnBuilder out(column.type);
  for (size_t row = 0; row < column.rows; ++row)
    out.append(column.is_valid(row) ? column.at(row) : value);
  return out.finish();
}

ColumnPtr fill_previous(const ColumnPtr& column) {
  ColumnBuilder out(column->type);
  std::optional<size_t> previous;
  for (size_t row = 0; row < column->rows; ++row) {
    if (column->is_valid(row)) previous = row;
    previous ? out.append_row(column, *previous) : out.append_null();
  }
  return out.finish();
}

// Every row gets the value, in a column that the table did not have.
TablePtr with_column(const Table& table, Chunk chunk, const std::string& label,
                     const Scalar& value) {
  Columns columns = table.columns();
  columns.push_back({label, value.type()});
  chunk.columns.push_back(constant_column(value, chunk.rows));
  return make_table(table.key(), std::move(columns), std::move(chunk));
}

Result<Operation> fill(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string label, arguments.string_or("column", "_value"));
  WEIR_TRY(bool previous, arguments.boolean_or("usePrevious", false));
  if (arguments.has("usePrevious") == arguments.has("value"))
    return invalid("fill requires exactly one of value or usePrevious");
  WEIR_TRY(Scalar value, to_scalar(arguments.raw("value"), label));
  if (!previous && !arguments.has("value"))
    return invalid("fill: usePrevious: false fills nothing");
  auto run = [=](const Table& table, Chunk chunk) -> Result<TablePtr> {
    std::optional<size_t> at = table.find(label);
    if (!at && previous) return make_table(table.key(), table.columns(), std::move(chunk));
    if (!at) return with_column(table, std::move(chunk), label, value);
    ColumnType type = table.columns()[*at].type;
    if (!previous && value.type() != type) {
      return invalid("fill column type mismatch: " + std::string(to_string(type)) + "/" +
                     std::string(to_string(value.type())));
    }
    GroupKey key;
    for (const auto& entry : table.key().entries()) {
      bool filled = entry.label == label && entry.value.is_null() && !previous;
      key.add(entry.label, filled ? value : entry.value);
    }
    ColumnPtr& column = chunk.columns[*at];
    if (column->has_nulls()) column = previous ? fill_previous(column) : fill_value(*column, value);
    return make_table(std::move(key), table.columns(), std::move(chunk));
  };
  return per_whole_table(run);
}

}  // namespace

void register_fill(Registry& registry) {
  add_operation(registry, "universe", "fill",
                "(<-tables: stream, ?column: string, ?value: "
                "bool|int|uint|float|string|time, ?usePrevious: bool)",
                fill);
}

}  // namespace weir::query
