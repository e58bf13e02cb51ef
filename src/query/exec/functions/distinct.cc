// distinct() and unique(): the different values of a column, in the order they are first seen;
// distinct() gives the values alone, unique() the first row of each.
#include <unordered_set>

#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

// The first row of each different value; null is a value of its own.
std::vector<uint32_t> first_rows(const Column& column, size_t rows) {
  std::vector<uint32_t> first;
  if (column.constant) {
    if (rows > 0) first.push_back(0);
    return first;
  }
  bool null_seen = false;
  std::unordered_set<uint64_t> words;
  std::unordered_set<std::string_view> texts;
  for (uint32_t row = 0; row < rows; ++row) {
    bool is_new = false;
    if (!column.is_valid(row)) {
      is_new = !null_seen;
      null_seen = true;
    } else if (column.type == ColumnType::string) {
      is_new = texts.insert(column.text(row)).second;
    } else {
      is_new = words.insert(column.word(row)).second;
    }
    if (is_new) first.push_back(row);
  }
  return first;
}

Result<Operation> distinct(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string label, arguments.string_or("column", "_value"));
  auto run = [label](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    std::optional<size_t> at = table.find(label);
    // A table without the column has one value, the empty text; one whose key has it has that.
    if (!at)
      return keyed_table(table.key(), {{"_value", constant_column(Scalar::of_string(""), 1)}}, 1);
    if (const Scalar* value = table.key().find(label))
      return keyed_table(table.key(), {{"_value", constant_column(*value, 1)}}, 1);
    std::vector<uint32_t> rows = first_rows(*chunk.columns[*at], chunk.rows);
    return keyed_table(table.key(), {{"_value", gather(chunk.columns[*at], rows)}}, rows.size());
  };
  return per_whole_table(std::move(run), DistinctSpec{label});
}

Result<Operation> unique(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string label, arguments.string_or("column", "_value"));
  return per_whole_table([label](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    std::optional<size_t> at = table.find(label);
    if (!at) return invalid("no column \"" + label + "\" exists");
    std::vector<uint32_t> rows = first_rows(*chunk.columns[*at], chunk.rows);
    return make_table(table.key(), table.columns(), gather(chunk, rows));
  });
}

}  // namespace

void register_distinct(Registry& registry) {
  constexpr std::string_view kSignature = "(<-tables: stream, ?column: string)";
  add_operation(registry, "universe", "distinct", kSignature, distinct);
  add_operation(registry, "universe", "unique", kSignature, unique);
}

}  // namespace weir::query
