// first(), last(), min(), max(): one whole row of each table, chosen by a column that is not null.
#include "query/exec/functions/aggregates.h"

namespace weir::query {

namespace {

// Keeps the best row so far: one row of memory, whatever the table's size.
Result<TablePtr> select_row(ExecContext& context, const SelectorFunction& function,
                            const std::string& label, Table& table) {
  WEIR_TRY(size_t at, input_column(table.columns(), label));
  WEIR_CHECK(check_input(function, table.columns()[at].type));
  Chunk best, chunk;
  while (true) {
    WEIR_TRY(bool more, table.next(chunk));
    if (!more) break;
    WEIR_CHECK(context.check());
    std::optional<size_t> row = function.select(*chunk.columns[at], 0, chunk.rows);
    if (!row) continue;
    Chunk candidate = slice(chunk, *row, 1);
    if (best.rows == 0) {
      best = std::move(candidate);
      continue;
    }
    ColumnBuilder pair(table.columns()[at].type);
    pair.append_row(best.columns[at], 0);
    pair.append_row(candidate.columns[at], 0);
    if (function.select(*pair.finish(), 0, 2) == size_t{1}) best = std::move(candidate);
  }
  return make_table(table.key(), table.columns(), std::move(best));
}

BuildOperation selector(SelectorFunction function) {
  return [function](CallContext&, const Arguments& arguments) -> Result<Operation> {
    WEIR_TRY(std::string column, arguments.string_or("column", "_value"));
    return selector_operation(function, column);
  };
}

}  // namespace

Operation selector_operation(SelectorFunction function, std::string column) {
  NodeSpec spec;
  if (function.pushed != store::Aggregate::none && column == "_value")
    spec = AggregateSpec{function.pushed};
  // A quantile needs all rows at once.
  if (function.name == "quantile") {
    return per_whole_table(
        [function, column](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
          WEIR_TRY(size_t at, input_column(table.columns(), column));
          WEIR_CHECK(check_input(function, table.columns()[at].type));
          std::optional<size_t> row = function.select(*chunk.columns[at], 0, chunk.rows);
          return make_table(table.key(), table.columns(), row ? slice(chunk, *row, 1) : Chunk());
        });
  }
  auto make = [function, column](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    return per_table(context, std::move(input),
                     [&context, function, column](TablePtr table) -> Result<TablePtr> {
                       return select_row(context, function, column, *table);
                     });
  };
  return {std::move(make), std::move(spec)};
}

void register_selectors(Registry& registry) {
  constexpr std::string_view kSignature = "(<-tables: stream, ?column: string)";
  add_operation(registry, "universe", "first", kSignature, selector(first_function()));
  add_operation(registry, "universe", "last", kSignature, selector(last_function()));
  add_operation(registry, "universe", "min", kSignature, selector(min_function()));
  add_operation(registry, "universe", "max", kSignature, selector(max_function()));
}

}  // namespace weir::query
