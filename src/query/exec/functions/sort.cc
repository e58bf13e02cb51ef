// sort(), top() and bottom(): rows of each table by the values of columns.
#include <algorithm>

#include "query/exec/functions/kit.h"
#include "query/exec/sorting.h"

namespace weir::query {

namespace {

Result<Operation> sort(CallContext&, const Arguments& arguments) {
  WEIR_TRY(auto by, arguments.strings_or("columns", {"_value"}));
  WEIR_TRY(bool descending, arguments.boolean_or("desc", false));
  return per_whole_table(
      [by, descending](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
        auto order = sorted_rows(table.columns(), chunk, by, descending);
        return make_table(table.key(), table.columns(), gather(chunk, order));
      });
}

BuildOperation sort_and_limit(bool descending) {
  return [descending](CallContext&, const Arguments& arguments) -> Result<Operation> {
    WEIR_TRY(int64_t count, arguments.integer("n"));
    WEIR_TRY(auto by, arguments.strings_or("columns", {"_value"}));
    if (count < 0) return invalid("n must not be negative, was " + std::to_string(count));
    return per_whole_table([=](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
      auto order = sorted_rows(table.columns(), chunk, by, descending);
      order.resize(std::min(order.size(), static_cast<size_t>(count)));
      return make_table(table.key(), table.columns(), gather(chunk, order));
    });
  };
}

}  // namespace

void register_sort(Registry& registry) {
  add_operation(registry, "universe", "sort", "(<-tables: stream, ?columns: array, ?desc: bool)",
                sort);
  add_operation(registry, "universe", "top", "(<-tables: stream, n: int, ?columns: array)",
                sort_and_limit(true));
  add_operation(registry, "universe", "bottom", "(<-tables: stream, n: int, ?columns: array)",
                sort_and_limit(false));
}

}  // namespace weir::query
