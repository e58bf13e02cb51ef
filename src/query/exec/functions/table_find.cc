// tableFind(), getColumn(), getRecord(), findColumn(), findRecord(): values out of a stream, which
// is run at once, as far as the first table whose group key satisfies a predicate.
#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

class FoundTable final : public flux::Extension {
 public:
  FoundTable(Columns columns, Chunk chunk)
      : columns_(std::move(columns)), chunk_(std::move(chunk)) {}
  std::string_view type_name() const override { return "table"; }
  const Columns& columns() const { return columns_; }
  const Chunk& chunk() const { return chunk_; }

 private:
  Columns columns_;
  Chunk chunk_;
};
using FoundPtr = std::shared_ptr<const FoundTable>;

// Null if no table's key satisfies `fn`.
Result<FoundPtr> find(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(StreamNode stream, stream_argument(arguments, "tables"));
  WEIR_TRY(auto function, arguments.function("fn"));
  ExecContext& context = host_of(call).context();
  WEIR_TRY(CursorPtr cursor, open(context, stream));
  while (true) {
    WEIR_TRY(TablePtr table, cursor->next());
    if (table == nullptr) return FoundPtr();
    std::vector<flux::Record::Property> key;
    for (const auto& entry : table->key().entries())
      key.emplace_back(entry.label, to_value(entry.value));
    WEIR_TRY(flux::Value chosen,
             call.interpreter().call(
                 *function, {{"key", flux::Value::of_record(flux::Record(std::move(key)))}}));
    if (!chosen.is(flux::ValueType::boolean) || !chosen.as_bool()) continue;
    WEIR_TRY(Chunk chunk, collect(context, *table));
    return std::make_shared<const FoundTable>(table->columns(), std::move(chunk));
  }
}

flux::Value column_values(const FoundTable& table, size_t at) {
  flux::Array values;
  values.reserve(table.chunk().rows);
  for (size_t row = 0; row < table.chunk().rows; ++row)
    values.push_back(value_at(*table.chunk().columns[at], row));
  return flux::Value::of_array(std::move(values));
}

Result<flux::Value> table_find(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(FoundPtr found, find(call, arguments));
  if (found == nullptr) return invalid("no table found");
  return flux::Value::of_extension(std::move(found));
}

Result<FoundPtr> table_argument(const Arguments& arguments) {
  const flux::Value& value = arguments.raw("table");
  FoundPtr table;
  if (value.is(flux::ValueType::extension))
    table = std::dynamic_pointer_cast<const FoundTable>(value.as_extension());
  if (table == nullptr) return invalid("argument table must be what tableFind() returns");
  return table;
}

Result<flux::Value> get_column(CallContext&, const Arguments& arguments) {
  WEIR_TRY(FoundPtr table, table_argument(arguments));
  WEIR_TRY(std::string label, arguments.string("column"));
  std::optional<size_t> at = find_column(table->columns(), label);
  if (!at) return invalid("cannot find column " + label);
  return column_values(*table, *at);
}

Result<flux::Value> get_record(CallContext&, const Arguments& arguments) {
  WEIR_TRY(FoundPtr table, table_argument(arguments));
  WEIR_TRY(int64_t index, arguments.integer("idx"));
  if (index < 0 || static_cast<size_t>(index) >= table->chunk().rows)
    return invalid("index out of bounds: " + std::to_string(index));
  return flux::Value::of_record(
      record_at(table->columns(), table->chunk(), static_cast<size_t>(index)));
}

Result<flux::Value> find_column_values(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(std::string label, arguments.string("column"));
  WEIR_TRY(FoundPtr table, find(call, arguments));
  if (table == nullptr) return flux::Value::of_array({});
  std::optional<size_t> at = find_column(table->columns(), label);
  if (!at) return flux::Value::of_array({});
  return column_values(*table, *at);
}

Result<flux::Value> find_record(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(int64_t index, arguments.integer("idx"));
  WEIR_TRY(FoundPtr table, find(call, arguments));
  if (table == nullptr || index < 0 || static_cast<size_t>(index) >= table->chunk().rows)
    return flux::Value::of_record(flux::Record());
  return flux::Value::of_record(
      record_at(table->columns(), table->chunk(), static_cast<size_t>(index)));
}

}  // namespace

void register_table_find(Registry& registry) {
  registry.add_function("universe", "tableFind", "(<-tables: stream, fn: function)", table_find);
  registry.add_function("universe", "getColumn", "(<-table: any, column: string)", get_column);
  registry.add_function("universe", "getRecord", "(<-table: any, idx: int)", get_record);
  registry.add_function("universe", "findColumn",
                        "(<-tables: stream, fn: function, column: string)", find_column_values);
  registry.add_function("universe", "findRecord", "(<-tables: stream, fn: function, idx: int)",
                        find_record);
}

}  // namespace weir::query
