// keys() and columns(): the labels of a table's group key, or of all its columns, as rows.
#include <algorithm>

#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

TablePtr label_table(const Table& table, const std::string& into, std::vector<std::string> labels) {
  GroupKey key;
  Columns columns;
  Chunk out;
  out.rows = labels.size();
  for (const auto& entry : table.key().entries()) {
    if (entry.label == into) continue;
    key.add(entry.label, entry.value);
    columns.push_back({entry.label, entry.value.type()});
    out.columns.push_back(constant_column(entry.value, out.rows));
  }
  ColumnBuilder builder(ColumnType::string);
  for (const std::string& label : labels) builder.append_text(label);
  columns.push_back({into, ColumnType::string});
  out.columns.push_back(builder.finish());
  return make_table(std::move(key), std::move(columns), std::move(out));
}

// Needs no rows, so none are read.
BuildOperation labels_of(bool key_only) {
  return [key_only](CallContext&, const Arguments& arguments) -> Result<Operation> {
    WEIR_TRY(std::string into, arguments.string_or("column", "_value"));
    auto run = [key_only, into](TablePtr table) -> Result<TablePtr> {
      std::vector<std::string> labels;
      for (const ColumnInfo& column : table->columns())
        if (!key_only || table->key().has(column.label)) labels.push_back(column.label);
      if (key_only) std::sort(labels.begin(), labels.end());
      return label_table(*table, into, std::move(labels));
    };
    auto make = [run](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
      return per_table(context, std::move(input), run);
    };
    NodeSpec spec;
    if (key_only && into == "_value") spec = KeysSpec{};
    return Operation{std::move(make), std::move(spec)};
  };
}

}  // namespace

void register_keys(Registry& registry) {
  constexpr std::string_view kSignature = "(<-tables: stream, ?column: string)";
  add_operation(registry, "universe", "keys", kSignature, labels_of(true));
  add_operation(registry, "universe", "columns", kSignature, labels_of(false));
}

}  // namespace weir::query
