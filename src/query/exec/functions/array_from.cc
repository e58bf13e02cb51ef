// array.from(): a table out of an array of records.
#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

// Columns in the order of the first record, then of what later ones add.
Result<TablePtr> table_from(ExecContext& context, const flux::Array& rows) {
  std::vector<std::string> labels;
  for (const flux::Value& row : rows) {
    if (!row.is(flux::ValueType::record)) return invalid("array.from: rows must be records");
    for (const auto& [label, value] : row.as_record().properties()) {
      bool known = false;
      for (const std::string& seen : labels) known = known || seen == label;
      if (!known) labels.push_back(label);
    }
  }
  Columns columns;
  Chunk chunk;
  chunk.rows = rows.size();
  for (const std::string& label : labels) {
    ValueColumnBuilder builder(label, &context.memory);
    for (const flux::Value& row : rows) {
      const flux::Value* value = row.as_record().find(label);
      WEIR_CHECK(builder.append(value ? *value : flux::Value()));
    }
    ColumnPtr column = builder.finish();
    if (column == nullptr) continue;  // null in every row: it has no type
    columns.push_back({label, column->type});
    chunk.columns.push_back(std::move(column));
  }
  return make_table(GroupKey(), std::move(columns), std::move(chunk));
}

Result<Source> array_from(CallContext&, const Arguments& arguments) {
  WEIR_TRY(const flux::Array* rows, arguments.array("rows"));
  if (rows->empty()) return invalid("rows must be non-empty");
  auto make = [rows = *rows](ExecContext& context) -> Result<CursorPtr> {
    std::vector<TablePtr> tables;
    WEIR_TRY(TablePtr table, table_from(context, rows));
    tables.push_back(std::move(table));
    return cursor_of(std::move(tables));
  };
  return Source{std::move(make)};
}

}  // namespace

void register_array_from(Registry& registry) {
  add_source(registry, "array", "from", "(<-rows: array)", array_from);
  add_source(registry, "experimental/array", "from", "(<-rows: array)", array_from);
}

}  // namespace weir::query
