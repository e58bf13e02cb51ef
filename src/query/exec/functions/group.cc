// group(): new group keys, by columns or by all but some. Rows whose new keys are equal become one
// table, in the order in which they come; the tables are sorted by key.
#include <algorithm>

#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

bool is_listed(const std::vector<std::string>& labels, const std::string& label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

// The columns of the new key, in the table's order.
std::vector<size_t> key_columns(const GroupSpec& spec, const Columns& columns) {
  std::vector<size_t> in_key;
  for (size_t i = 0; i < columns.size(); ++i)
    if (is_listed(spec.columns, columns[i].label) == spec.by) in_key.push_back(i);
  return in_key;
}

GroupKey key_at(const Columns& columns, const std::vector<size_t>& in_key, const Chunk& chunk,
                size_t row) {
  GroupKey key;
  for (size_t i : in_key) key.add(columns[i].label, chunk.columns[i]->at(row));
  return key;
}

bool same_key(const std::vector<size_t>& in_key, const Chunk& chunk, size_t a, size_t b) {
  for (size_t i : in_key) {
    const Column& column = *chunk.columns[i];
    if (!column.constant && compare_rows(column, a, column, b) != 0) return false;
  }
  return true;
}

Result<void> regroup(ExecContext& context, const GroupSpec& spec, TableGroups& groups,
                     Table& table) {
  const Columns& columns = table.columns();
  std::vector<size_t> in_key = key_columns(spec, columns);
  bool whole = true;  // the new key is part of the old one
  GroupKey key;
  for (size_t i : in_key) {
    const Scalar* value = table.key().find(columns[i].label);
    whole = whole && value != nullptr;
    if (value != nullptr) key.add(columns[i].label, *value);
  }
  if (whole) return add_table(context, groups, key, columns, table);
  Chunk chunk;
  while (true) {
    WEIR_TRY(bool more, table.next(chunk));
    if (!more) return {};
    for (size_t begin = 0, end = 0; begin < chunk.rows; begin = end) {
      WEIR_CHECK(context.check());
      for (end = begin + 1; end < chunk.rows && same_key(in_key, chunk, begin, end);) ++end;
      TableGroups::Group& group = groups.find_or_add(key_at(columns, in_key, chunk, begin));
      WEIR_CHECK(group.add_rows(columns, chunk, begin, end - begin));
    }
  }
}

Result<Operation> group(CallContext&, const Arguments& arguments) {
  GroupSpec spec;
  WEIR_TRY(std::string mode, arguments.string_or("mode", "by"));
  WEIR_TRY(spec.columns, arguments.strings_or("columns", {}));
  if (mode != "by" && mode != "except")
    return invalid("mode must be \"by\" or \"except\", was \"" + mode + "\"");
  spec.by = mode == "by";
  auto make = [spec](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    auto shared = std::make_shared<CursorPtr>(std::move(input));
    return deferred([&context, spec, shared]() -> Result<std::vector<TablePtr>> {
      TableGroups groups(context);
      while (true) {
        WEIR_TRY(TablePtr table, (*shared)->next());
        if (table == nullptr) break;
        WEIR_CHECK(regroup(context, spec, groups, *table));
      }
      return groups.finish(true);
    });
  };
  return Operation{std::move(make), spec};
}

}  // namespace

void register_group(Registry& registry) {
  add_operation(registry, "universe", "group", "(<-tables: stream, ?columns: array, ?mode: string)",
                group);
}

}  // namespace weir::query
