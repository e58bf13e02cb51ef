// keyValues(): the different values of some columns of each table, a row each, with the name of the
// column in which each is seen first.
#include <set>

#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

struct ScalarLess {
  bool operator()(const Scalar& a, const Scalar& b) const { return compare(a, b) < 0; }
};

std::string listed(const std::vector<std::string>& labels) {
  std::string out = "[";
  for (const std::string& label : labels) out += (out.size() > 1 ? " " : "") + label;
  return out + "]";
}

Result<TablePtr> values_table(const std::vector<std::string>& labels, const Table& table,
                              const Chunk& chunk) {
  std::vector<size_t> at;
  for (const std::string& label : labels)
    if (auto found = table.find(label)) at.push_back(*found);
  if (at.empty()) {
    std::vector<std::string> have;
    for (const ColumnInfo& column : table.columns()) have.push_back(column.label);
    return invalid("received table with columns " + listed(have) + " not having key columns " +
                   listed(labels));
  }
  ColumnType type = table.columns()[at[0]].type;
  for (size_t i : at)
    if (table.columns()[i].type != type) return invalid("keyColumns must all be the same type");
  ColumnBuilder keys(ColumnType::string), values(type);
  std::set<Scalar, ScalarLess> seen;
  for (size_t row = 0; row < chunk.rows; ++row) {
    for (size_t i : at) {
      Scalar value = chunk.columns[i]->at(row);
      if (!seen.insert(value).second) continue;
      keys.append_text(table.columns()[i].label);
      values.append(value);
    }
  }
  return keyed_table(table.key(), {{"_key", keys.finish()}, {"_value", values.finish()}},
                     seen.size());
}

Result<Operation> key_values(CallContext&, const Arguments& arguments) {
  WEIR_TRY(auto labels, arguments.strings("keyColumns"));
  if (labels.empty()) return invalid("keyColumns must name at least one column");
  return per_whole_table([labels](const Table& table, const Chunk& chunk) {
    return values_table(labels, table, chunk);
  });
}

}  // namespace

void register_key_values(Registry& registry) {
  add_operation(registry, "universe", "keyValues", "(<-tables: stream, keyColumns: array)",
                key_values);
}

}  // namespace weir::query
