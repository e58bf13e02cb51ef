// contrib/tomhollingworth/events.duration(): how long each row lasts, until the next one or, for
// the last, until the stop time.
#include "query/exec/functions/kit.h"
#include "query/exec/functions/packages.h"

namespace weir::query {

namespace {

struct EventOptions {
  double unit_ns = 1e9;
  std::string time, name, stop_column;
  std::optional<int64_t> stop_ns;
};

Result<TablePtr> durations(const EventOptions& options, const Table& table, Chunk chunk) {
  std::optional<size_t> time = table.find(options.time);
  if (!time) return no_column(options.time);
  if (table.columns()[*time].type != ColumnType::time)
    return invalid("column \"" + options.time + "\" must be of type time");
  std::optional<size_t> stop = table.find(options.stop_column);
  if (!options.stop_ns) {
    if (!stop) return no_column(options.stop_column);
    if (table.columns()[*stop].type != ColumnType::time)
      return invalid("stop column \"" + options.stop_column + "\" must be of type time, got " +
                     std::string(to_string(table.columns()[*stop].type)));
  }
  if (table.find(options.name)) return invalid("column \"" + options.name + "\" already exists");
  const Column& times = *chunk.columns[*time];
  ColumnBuilder lengths(ColumnType::integer);
  for (size_t row = 0; row < chunk.rows; ++row) {
    bool last = row + 1 == chunk.rows;
    int64_t end = !last             ? times.int_at(row + 1)
                  : options.stop_ns ? *options.stop_ns
                                    : chunk.columns[*stop]->int_at(row);
    double length = static_cast<double>(end) - static_cast<double>(times.int_at(row));
    lengths.append_int(static_cast<int64_t>(length / options.unit_ns));
  }
  Columns columns = table.columns();
  columns.push_back({options.name, ColumnType::integer});
  chunk.columns.push_back(lengths.finish());
  return make_table(table.key(), std::move(columns), std::move(chunk));
}

Result<Operation> duration(CallContext&, const Arguments& arguments) {
  EventOptions options;
  WEIR_TRY(flux::Duration unit,
           arguments.duration_or("unit", flux::Duration::of_ns(1'000'000'000)));
  WEIR_TRY(options.time, arguments.string_or("timeColumn", "_time"));
  WEIR_TRY(options.name, arguments.string_or("columnName", "duration"));
  WEIR_TRY(options.stop_column, arguments.string_or("stopColumn", "_stop"));
  if (arguments.has("stop")) {
    WEIR_TRY(options.stop_ns, arguments.time_ns("stop"));
  }
  if (unit.months != 0 || unit.is_zero()) return invalid("unit must be a number of nanoseconds");
  options.unit_ns = static_cast<double>(unit.signed_ns());
  return per_whole_table([options](const Table& table, Chunk chunk) {
    return durations(options, table, std::move(chunk));
  });
}

}  // namespace

void register_events(Registry& registry) {
  add_operation(registry, "contrib/tomhollingworth/events", "duration",
                "(<-tables: stream, ?unit: duration, ?timeColumn: string, ?columnName: string, "
                "?stopColumn: string, ?stop: time)",
                duration);
}

}  // namespace weir::query
