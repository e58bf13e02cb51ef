// window(): rows grouped by the windows of time they lie in, whose bounds become _start and _stop.
#include <algorithm>

#include "query/exec/functions/windowing.h"

namespace weir::query {

namespace {

constexpr int64_t kEmptyWindowsMax = 50'000'000;  // beyond this a query means something else
constexpr size_t kWindowBytes = 96;               // of one in WindowedRows, roughly

bool contains(const Bounds& bounds, int64_t time) {
  return time >= bounds.start_ns && time < bounds.stop_ns;
}

GroupKey windowed_key(const Table& table, const Columns& columns, const WindowColumns& names,
                      const Bounds& bounds) {
  GroupKey key;
  for (const ColumnInfo& column : columns) {
    if (column.label == names.start) {
      key.add(column.label, Scalar::of_time(bounds.start_ns));
    } else if (column.label == names.stop) {
      key.add(column.label, Scalar::of_time(bounds.stop_ns));
    } else if (const Scalar* value = table.key().find(column.label)) {
      key.add(column.label, *value);
    }
  }
  return key;
}

Result<void> window_table(ExecContext& context, const WindowOptions& options, Table& table,
                          TableGroups& groups) {
  const WindowColumns& names = options.names;
  std::optional<size_t> time = table.find(names.time);
  if (!time) return invalid("missing time column \"" + names.time + "\"");
  if (table.columns()[*time].type != ColumnType::time)
    return invalid("column \"" + names.time + "\" is not of type time");
  WEIR_TRY(Chunk chunk, collect(context, table));
  TableBounds within = bounds_of(table, options.range, names);
  Columns columns = table.columns();
  for (const std::string& label : {names.start, names.stop}) {
    std::optional<size_t> at = find_column(columns, label);
    if (at) {
      columns[*at].type = ColumnType::time;
    } else {
      columns.push_back({label, ColumnType::time});
    }
  }
  WEIR_TRY(WindowedRows windowed, windowed_rows(context, options.windows, *chunk.columns[*time],
                                                chunk.rows, within.bounds));
  if (options.create_empty && within.known)
    WEIR_CHECK(add_empty_windows(context, options.windows, within.bounds, windowed));
  // Bounds are part of the key, so their columns' values do not matter here.
  chunk.columns.resize(columns.size(), constant_column(Scalar::of_time(0), chunk.rows));
  for (const auto& [index, runs] : windowed) {
    WEIR_CHECK(context.check());
    Bounds bounds = clip(options.windows.bounds(index), within.bounds);
    TableGroups::Group& group = groups.find_or_add(windowed_key(table, columns, names, bounds));
    WEIR_CHECK(group.add_columns(columns));
    for (const Run& run : runs)
      WEIR_CHECK(group.add_rows(columns, chunk, run.begin, run.end - run.begin));
  }
  return {};
}

Result<Operation> window(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(Windows windows, window_arguments(call, arguments));
  WindowOptions options{windows, {}, false, std::nullopt};
  WEIR_TRY(options.names.time, arguments.string_or("timeColumn", "_time"));
  WEIR_TRY(options.names.start, arguments.string_or("startColumn", "_start"));
  WEIR_TRY(options.names.stop, arguments.string_or("stopColumn", "_stop"));
  WEIR_TRY(options.create_empty, arguments.boolean_or("createEmpty", false));
  WEIR_TRY(StreamNode input, stream_argument(arguments, "tables"));
  options.range = range_bounds(input);
  return window_operation(std::move(options));
}

}  // namespace

Result<Windows> window_arguments(CallContext& call, const Arguments& arguments) {
  const flux::Value& location = arguments.raw("location");
  WEIR_TRY(flux::Zone zone,
           flux::Zone::of(location.is_null() ? call.option("universe", "location") : &location));
  if (!arguments.has("every") && !arguments.has("period"))
    return invalid("window function requires at least one of \"every\" or \"period\" to be set");
  WEIR_TRY(flux::Duration period, arguments.duration_or("period", {}));
  WEIR_TRY(flux::Duration every, arguments.duration_or("every", period));
  WEIR_TRY(flux::Duration offset, arguments.duration_or("offset", {}));
  if (arguments.has("every")) {
    if (every.negative) return invalid("parameter \"every\" must be nonnegative");
    if (every.is_zero()) return invalid("parameter \"every\" must be nonzero");
  }
  return Windows::make(every, period, offset, std::move(zone));
}

std::optional<Bounds> range_bounds(const StreamNode& stream) {
  if (!stream->bounds) return std::nullopt;
  return Bounds{stream->bounds->start_ns, stream->bounds->stop_ns};
}

TableBounds bounds_of(const Table& table, const std::optional<Bounds>& range,
                      const WindowColumns& names) {
  if (range) return {*range, true};
  const Scalar* start = table.key().find(names.start);
  const Scalar* stop = table.key().find(names.stop);
  if (start != nullptr && stop != nullptr && start->type() == ColumnType::time &&
      stop->type() == ColumnType::time && !start->is_null() && !stop->is_null()) {
    return {{start->as_int(), stop->as_int()}, true};
  }
  return {{kFluxTimeMin, kFluxTimeMax}, false};
}

Bounds clip(const Bounds& window, const Bounds& to) {
  return {std::max(window.start_ns, to.start_ns), std::min(window.stop_ns, to.stop_ns)};
}

Result<WindowedRows> windowed_rows(ExecContext& context, const Windows& windows,
                                   const Column& times, size_t rows, const Bounds& within) {
  WindowedRows out;
  Bounds current;
  std::vector<Run>* runs = nullptr;
  auto add = [](std::vector<Run>& to, size_t row) {
    if (!to.empty() && to.back().end == row) {
      ++to.back().end;
    } else {
      to.push_back({row, row + 1});
    }
  };
  for (size_t row = 0; row < rows; ++row) {
    if (!times.is_valid(row)) continue;
    int64_t time = times.int_at(row);
    if (windows.infinite()) {
      add(out[0], row);
    } else if (!contains(within, time)) {
      continue;
    } else if (windows.consecutive()) {
      if (runs == nullptr || !contains(current, time)) {
        int64_t index = windows.index_at(time);
        runs = &out[index];
        current = windows.bounds(index);
      }
      add(*runs, row);
    } else {
      WEIR_CHECK(context.check(out.size() * kWindowBytes));
      int64_t last = windows.last_in(time + 1);
      for (int64_t index = windows.first_in(time); index <= last; ++index)
        if (contains(windows.bounds(index), time)) add(out[index], row);
    }
  }
  return out;
}

Result<void> add_empty_windows(ExecContext& context, const Windows& windows, const Bounds& within,
                               WindowedRows& rows) {
  int64_t last = windows.last_in(within.stop_ns);
  int64_t first = windows.first_in(within.start_ns);
  if (last - first > kEmptyWindowsMax)
    return invalid("createEmpty: the range holds " + std::to_string(last - first) + " windows");
  WEIR_CHECK(context.check(static_cast<size_t>(last - first + 1) * kWindowBytes));
  auto hint = rows.begin();
  for (int64_t index = first; index <= last; ++index) {
    // An hour, or a day, that a zone's clocks skip has no time.
    Bounds bounds = windows.bounds(index);
    if (bounds.start_ns >= bounds.stop_ns) continue;
    hint = rows.try_emplace(hint, index);
    ++hint;
  }
  return {};
}

Operation window_operation(WindowOptions options) {
  auto make = [options](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    auto shared = std::make_shared<CursorPtr>(std::move(input));
    return deferred([&context, options, shared]() -> Result<std::vector<TablePtr>> {
      TableGroups groups(context);
      while (true) {
        WEIR_TRY(TablePtr table, (*shared)->next());
        if (table == nullptr) break;
        WEIR_CHECK(window_table(context, options, *table, groups));
      }
      return groups.finish();
    });
  };
  return {std::move(make)};
}

void register_window(Registry& registry) {
  registry.add_value("universe", "inf",
                     flux::Value::of_duration(flux::Duration::of_ns(kInfiniteDurationNs)));
  add_operation(registry, "universe", "window",
                "(<-tables: stream, ?every: duration, ?period: duration, ?offset: duration, "
                "?location: record, ?timeColumn: string, ?startColumn: string, "
                "?stopColumn: string, ?createEmpty: bool)",
                window);
}

}  // namespace weir::query
