// count(), sum(), mean(), spread(), skew(), stddev(), median(), quantile(), mode(): one value of a
// column for each table; the result has the group key's columns and that one.
#include "query/exec/functions/aggregates.h"

#include <algorithm>

namespace weir::query {

namespace {

constexpr double kDefaultCompression = 1000;  // centroids of the t-digest, as Flux has it

Result<TablePtr> aggregate_table(ExecContext& context, const AggregateFunction& function,
                                 const std::string& label, Table& table) {
  WEIR_TRY(size_t at, input_column(table.columns(), label));
  if (table.key().has(label))
    return invalid("cannot aggregate columns that are part of the group key");
  WEIR_TRY(auto aggregate, function.make(table.columns()[at].type));
  Chunk chunk;
  while (true) {
    WEIR_TRY(bool more, table.next(chunk));
    if (!more) break;
    WEIR_CHECK(context.check());
    aggregate->add(*chunk.columns[at], 0, chunk.rows);
  }
  Columns columns;
  Chunk out;
  out.rows = 1;
  for (const ColumnInfo& column : table.columns()) {
    const Scalar* value = table.key().find(column.label);
    if (column.label == label) {
      columns.push_back({label, aggregate->type()});
      out.columns.push_back(constant_column(aggregate->result(), 1));
    } else if (value != nullptr) {
      columns.push_back(column);
      out.columns.push_back(constant_column(*value, 1));
    }
  }
  return make_table(table.key(), std::move(columns), std::move(out));
}

BuildOperation simple(AggregateFunction function) {
  return [function](CallContext&, const Arguments& arguments) -> Result<Operation> {
    WEIR_TRY(std::string column, arguments.string_or("column", "_value"));
    return aggregate_operation(function, column);
  };
}

Result<Operation> stddev(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string column, arguments.string_or("column", "_value"));
  WEIR_TRY(std::string mode, arguments.string_or("mode", "sample"));
  if (mode != "sample" && mode != "population")
    return invalid("mode must be \"sample\" or \"population\", was \"" + mode + "\"");
  return aggregate_operation(stddev_function(mode == "population"), column);
}

Result<Operation> quantile_by_method(const Arguments& arguments, double quantile) {
  WEIR_TRY(std::string column, arguments.string_or("column", "_value"));
  WEIR_TRY(std::string method, arguments.string_or("method", "estimate_tdigest"));
  WEIR_TRY(double compression, arguments.floating_or("compression", 0));
  if (quantile < 0 || quantile > 1) return invalid("quantile must be between 0 and 1");
  if (compression < 0) return invalid("compression must be positive");
  if (compression > 0 && method != "estimate_tdigest")
    return invalid("compression parameter is only valid for method estimate_tdigest");
  if (method == "exact_mean") return aggregate_operation(exact_quantile_function(quantile), column);
  if (method == "exact_selector") return selector_operation(quantile_selector(quantile), column);
  if (method != "estimate_tdigest") return invalid("unknown method " + method);
  if (compression == 0) compression = kDefaultCompression;
  return aggregate_operation(estimated_quantile_function(quantile, compression), column);
}

Result<Operation> quantile(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double q, arguments.floating("q"));
  return quantile_by_method(arguments, q);
}

Result<Operation> median(CallContext&, const Arguments& arguments) {
  return quantile_by_method(arguments, 0.5);
}

// The most frequent values as `_value`, sorted, a row each; null if all occur equally often.
Result<TablePtr> mode_table(const Table& table, const Chunk& chunk, const std::string& label) {
  std::optional<size_t> at = table.find(label);
  if (!at)
    return keyed_table(table.key(), {{"_value", constant_column(Scalar::of_string(""), 1)}}, 1);
  if (const Scalar* value = table.key().find(label))
    return keyed_table(table.key(), {{"_value", constant_column(*value, 1)}}, 1);
  const Column& values = *chunk.columns[*at];
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < chunk.rows; ++row)
    if (values.is_valid(row)) rows.push_back(row);
  std::stable_sort(rows.begin(), rows.end(),
                   [&](uint32_t a, uint32_t b) { return compare_rows(values, a, values, b) < 0; });
  size_t most = 0, different = 0;
  std::vector<uint32_t> winners;
  for (size_t begin = 0, end = 0; begin < rows.size(); begin = end, ++different) {
    for (end = begin;
         end < rows.size() && compare_rows(values, rows[begin], values, rows[end]) == 0;)
      ++end;
    if (end - begin > most) most = end - begin, winners.clear();
    if (end - begin == most) winners.push_back(rows[begin]);
  }
  // A table without rows stays so.
  if (winners.size() == different && chunk.rows > 0)
    return keyed_table(table.key(), {{"_value", null_column(values.type, 1)}}, 1);
  return keyed_table(table.key(), {{"_value", gather(chunk.columns[*at], winners)}},
                     winners.size());
}

Result<Operation> mode(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string column, arguments.string_or("column", "_value"));
  return per_whole_table([column](const Table& table, const Chunk& chunk) {
    return mode_table(table, chunk, column);
  });
}

}  // namespace

Operation aggregate_operation(AggregateFunction function, std::string column) {
  NodeSpec spec;
  if (function.pushed != store::Aggregate::none && column == "_value")
    spec = AggregateSpec{function.pushed};
  auto make = [function, column](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    return per_table(context, std::move(input),
                     [&context, function, column](TablePtr table) -> Result<TablePtr> {
                       return aggregate_table(context, function, column, *table);
                     });
  };
  return {std::move(make), std::move(spec)};
}

std::optional<WindowFunction> window_function(const flux::Function& function) {
  auto is = [&](std::string_view name) { return function.is_native("universe", name); };
  if (is("count")) return count_function();
  if (is("sum")) return sum_function();
  if (is("mean")) return mean_function();
  if (is("spread")) return spread_function();
  if (is("skew")) return skew_function();
  if (is("stddev")) return stddev_function(false);
  if (is("median")) return estimated_quantile_function(0.5, kDefaultCompression);
  if (is("first")) return first_function();
  if (is("last")) return last_function();
  if (is("min")) return min_function();
  if (is("max")) return max_function();
  return std::nullopt;
}

void register_aggregates(Registry& registry) {
  constexpr std::string_view kSimple = "(<-tables: stream, ?column: string)";
  add_operation(registry, "universe", "count", kSimple, simple(count_function()));
  add_operation(registry, "universe", "sum", kSimple, simple(sum_function()));
  add_operation(registry, "universe", "mean", kSimple, simple(mean_function()));
  add_operation(registry, "universe", "spread", kSimple, simple(spread_function()));
  add_operation(registry, "universe", "skew", kSimple, simple(skew_function()));
  add_operation(registry, "universe", "mode", kSimple, mode);
  add_operation(registry, "universe", "stddev",
                "(<-tables: stream, ?column: string, ?mode: string)", stddev);
  add_operation(registry, "universe", "quantile",
                "(<-tables: stream, q: float, ?column: string, ?method: string, "
                "?compression: float)",
                quantile);
  add_operation(registry, "universe", "median",
                "(<-tables: stream, ?column: string, ?method: string, ?compression: float)",
                median);
}

}  // namespace weir::query
