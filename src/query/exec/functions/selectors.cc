// first(), last(), min(), max(): one whole row of each table, chosen by a column that is not null.
#include "query/exec/functions/aggregates.h"
#include "query/plan/from_storage.h"

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

// One row: the key's values, and nulls.
Chunk null_row(const Table& table) {
  Chunk chunk;
  chunk.rows = 1;
  for (const ColumnInfo& column : table.columns()) {
    const Scalar* value = table.key().find(column.label);
    chunk.columns.push_back(value ? constant_column(*value, 1) : null_column(column.type, 1));
  }
  return chunk;
}

// The oldest or newest row with a value, whatever the order of rows; of rows at one time the first.
Result<TablePtr> select_by_time(ExecContext& context, bool newest, Table& table) {
  WEIR_TRY(size_t value, input_column(table.columns(), "_value"));
  WEIR_TRY(size_t time, input_column(table.columns(), "_time"));
  Chunk best, chunk;
  int64_t best_ns = 0;
  while (true) {
    WEIR_TRY(bool more, table.next(chunk));
    if (!more) break;
    WEIR_CHECK(context.check());
    std::optional<size_t> chosen;
    const Column &times = *chunk.columns[time], &values = *chunk.columns[value];
    for (size_t row = 0; row < chunk.rows; ++row) {
      if (!values.is_valid(row) || !times.is_valid(row)) continue;
      int64_t at_ns = times.int_at(row);
      bool first = best.rows == 0 && !chosen;
      if (!first && (newest ? at_ns <= best_ns : at_ns >= best_ns)) continue;
      chosen = row, best_ns = at_ns;
    }
    if (chosen) best = slice(chunk, *chosen, 1);
  }
  return make_table(table.key(), table.columns(), std::move(best));
}

// first() and last() of series that storage groups.
Operation selection_by_time(const SelectorFunction& function) {
  bool newest = function.pushed == store::Aggregate::last;
  auto make = [newest](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    return per_table(context, std::move(input),
                     [&context, newest](TablePtr table) -> Result<TablePtr> {
                       return select_by_time(context, newest, *table);
                     });
  };
  return {std::move(make), AggregateSpec{function.pushed}};
}

BuildOperation selector(SelectorFunction function) {
  return [function](CallContext&, const Arguments& arguments) -> Result<Operation> {
    WEIR_TRY(std::string column, arguments.string_or("column", "_value"));
    WEIR_TRY(StreamNode input, stream_argument(arguments, "tables"));
    if (!function.needs_order && column == "_value" && is_storage_group(*input))
      return selection_by_time(function);
    return selector_operation(function, column);
  };
}

}  // namespace

Operation selector_operation(SelectorFunction function, std::string column) {
  NodeSpec spec;
  if (function.pushed != store::Aggregate::none && column == "_value")
    spec = AggregateSpec{function.pushed};
  // A quantile needs all rows at once, and of none it is a row of nulls.
  if (function.name == "quantile") {
    return per_whole_table(
        [function, column](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
          WEIR_TRY(size_t at, input_column(table.columns(), column));
          WEIR_CHECK(check_input(function, table.columns()[at].type));
          std::optional<size_t> row = function.select(*chunk.columns[at], 0, chunk.rows);
          if (row) return make_table(table.key(), table.columns(), slice(chunk, *row, 1));
          return make_table(table.key(), table.columns(), null_row(table));
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
