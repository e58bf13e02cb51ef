// stateTracking(), stateCount(), stateDuration(): for how many rows in a row, and for how long, a
// predicate has been true; -1 where it is not.
#include "query/exec/functions/kit.h"
#include "query/exec/row_function.h"

namespace weir::query {

namespace {

struct TrackingOptions {
  std::shared_ptr<const flux::Function> function;
  std::string count_column, duration_column;  // empty: not asked for
  std::string time_column;
  int64_t unit_ns = 1;
};

Result<TablePtr> tracked(ExecContext& context, const TrackingOptions& options,
                         RowFunction& function, Table& table) {
  const bool counts = !options.count_column.empty(), lasts = !options.duration_column.empty();
  for (const std::string& label : {options.count_column, options.duration_column})
    if (!label.empty() && table.find(label))
      return invalid("column \"" + label + "\" already exists");
  std::optional<size_t> time = table.find(options.time_column);
  if (lasts && !time) return invalid("no column \"" + options.time_column + "\" exists");
  if (lasts && table.columns()[*time].type != ColumnType::time)
    return invalid("column \"" + options.time_column + "\" is not of type time");
  WEIR_TRY(Chunk chunk, collect(context, table));
  function.prepare(table.columns(), true);
  WEIR_TRY(auto matching, function.matching_rows(context, chunk));
  ColumnBuilder count(ColumnType::integer), duration(ColumnType::integer);
  int64_t in_state = 0, since_ns = 0;
  size_t next = 0;  // of `matching`
  for (size_t row = 0; row < chunk.rows; ++row) {
    bool matches = next < matching.size() && matching[next] == row;
    next += matches;
    in_state = matches ? in_state + 1 : 0;
    count.append_int(matches ? in_state : -1);
    if (!lasts) continue;
    int64_t now_ns = chunk.columns[*time]->int_at(row);
    if (in_state == 1) since_ns = now_ns;
    duration.append_int(matches ? (now_ns - since_ns) / options.unit_ns : -1);
  }
  Columns columns = table.columns();
  if (counts) {
    columns.push_back({options.count_column, ColumnType::integer});
    chunk.columns.push_back(count.finish());
  }
  if (lasts) {
    columns.push_back({options.duration_column, ColumnType::integer});
    chunk.columns.push_back(duration.finish());
  }
  return make_table(table.key(), std::move(columns), std::move(chunk));
}

Result<Operation> tracking(CallContext& call, TrackingOptions options) {
  if (!options.duration_column.empty() && options.unit_ns <= 0)
    return invalid("state tracking duration unit must be greater than zero");
  flux::Interpreter& interpreter = call.interpreter();
  auto make = [options, &interpreter](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    auto function = std::make_shared<RowFunction>(interpreter, options.function);
    return per_table(context, std::move(input),
                     [&context, options, function](TablePtr table) -> Result<TablePtr> {
                       return tracked(context, options, *function, *table);
                     });
  };
  return Operation{std::move(make)};
}

Result<int64_t> unit_of(const Arguments& arguments, std::string_view name) {
  WEIR_TRY(flux::Duration unit, arguments.duration_or(name, flux::Duration::of_ns(1'000'000'000)));
  if (unit.months != 0) return invalid(std::string(name) + " must not have months or years");
  return unit.signed_ns();
}

Result<Operation> state_tracking(CallContext& call, const Arguments& arguments) {
  TrackingOptions options;
  WEIR_TRY(options.function, arguments.function("fn"));
  WEIR_TRY(options.count_column, arguments.string_or("countColumn", ""));
  WEIR_TRY(options.duration_column, arguments.string_or("durationColumn", ""));
  WEIR_TRY(options.time_column, arguments.string_or("timeColumn", "_time"));
  WEIR_TRY(options.unit_ns, unit_of(arguments, "durationUnit"));
  return tracking(call, std::move(options));
}

Result<Operation> state_count(CallContext& call, const Arguments& arguments) {
  TrackingOptions options;
  WEIR_TRY(options.function, arguments.function("fn"));
  WEIR_TRY(options.count_column, arguments.string_or("column", "stateCount"));
  return tracking(call, std::move(options));
}

Result<Operation> state_duration(CallContext& call, const Arguments& arguments) {
  TrackingOptions options;
  WEIR_TRY(options.function, arguments.function("fn"));
  WEIR_TRY(options.duration_column, arguments.string_or("column", "stateDuration"));
  WEIR_TRY(options.time_column, arguments.string_or("timeColumn", "_time"));
  WEIR_TRY(options.unit_ns, unit_of(arguments, "unit"));
  return tracking(call, std::move(options));
}

}  // namespace

void register_state_tracking(Registry& registry) {
  add_operation(registry, "universe", "stateTracking",
                "(<-tables: stream, fn: function, ?countColumn: string, ?durationColumn: string, "
                "?durationUnit: duration, ?timeColumn: string)",
                state_tracking);
  add_operation(registry, "universe", "stateCount",
                "(<-tables: stream, fn: function, ?column: string)", state_count);
  add_operation(registry, "universe", "stateDuration",
                "(<-tables: stream, fn: function, ?column: string, ?timeColumn: string, "
                "?unit: duration)",
                state_duration);
}

}  // namespace weir::query
