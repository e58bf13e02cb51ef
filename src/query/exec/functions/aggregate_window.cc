// aggregateWindow(): cuts each table into windows of time, applies an aggregate or selector to
// each, and puts the results back into one table, a row a window.
//
// The library's simple aggregates run in one pass (WindowAggregation). Any other function is called
// with the windows as its tables, and the results are windowed back to all of time.
#include "query/exec/functions/aggregates.h"
#include "query/exec/functions/windowing.h"
#include "query/exec/relabel.h"

namespace weir::query {

namespace {

struct Options {
  Windows windows;
  std::optional<Bounds> range;
  std::string column, time_source, time_target;
  bool create_empty = true;
};

class WindowAggregation {
 public:
  WindowAggregation(ExecContext& context, const Options& options, const Table& table, Chunk chunk,
                    size_t value_at)
      : context_(context),
        options_(options),
        table_(table),
        chunk_(std::move(chunk)),
        value_at_(value_at),
        within_(bounds_of(table, options.range, {})) {}

  Result<TablePtr> run(const WindowFunction& function) {
    std::optional<size_t> time = table_.find("_time");
    if (!time) return no_column("_time");
    if (table_.columns()[*time].type != ColumnType::time)
      return invalid("column \"_time\" is not of type time");
    WEIR_TRY(WindowedRows windowed,
             windowed_rows(context_, options_.windows, *chunk_.columns[*time], chunk_.rows,
                           within_.bounds));
    if (options_.create_empty && within_.known)
      WEIR_CHECK(add_empty_windows(context_, options_.windows, within_.bounds, windowed));
    if (const auto* aggregate = std::get_if<AggregateFunction>(&function))
      return aggregate_windows(*aggregate, windowed);
    return select_rows(std::get<SelectorFunction>(function), windowed);
  }

 private:
  int64_t time_of(int64_t index) const {
    Bounds bounds = clip(options_.windows.bounds(index), within_.bounds);
    return options_.time_source == "_start" ? bounds.start_ns : bounds.stop_ns;
  }

  Result<TablePtr> aggregate_windows(const AggregateFunction& function,
                                     const WindowedRows& windowed) {
    if (table_.key().has(options_.column))
      return invalid("cannot aggregate columns that are part of the group key");
    const Column& values = *chunk_.columns[value_at_];
    WEIR_TRY(auto typed, function.make(values.type));
    ColumnBuilder times(ColumnType::time, &context_.memory),
        results(typed->type(), &context_.memory);
    for (const auto& [index, runs] : windowed) {
      WEIR_TRY(auto aggregate, function.make(values.type));
      for (const Run& run : runs) aggregate->add(values, run.begin, run.end);
      times.append_int(time_of(index));
      results.append(aggregate->result());
    }
    return assemble(times.finish(), results.finish(), nullptr);
  }

  Result<TablePtr> select_rows(const SelectorFunction& function, const WindowedRows& windowed) {
    const Column& values = *chunk_.columns[value_at_];
    WEIR_CHECK(check_input(function, values.type));
    ColumnBuilder times(ColumnType::time, &context_.memory);
    std::vector<std::optional<size_t>> rows;
    for (const auto& [index, runs] : windowed) {
      std::optional<size_t> row = select(function, values, runs);
      if (!row && !(options_.create_empty && within_.known)) continue;
      times.append_int(time_of(index));
      rows.push_back(row);
    }
    return assemble(times.finish(), nullptr, &rows);
  }

  static std::optional<size_t> select(const SelectorFunction& function, const Column& values,
                                      const std::vector<Run>& runs) {
    if (runs.size() == 1) return function.select(values, runs[0].begin, runs[0].end);
    // Out of order rows: choose among the runs' choices.
    ColumnBuilder candidates(values.type);
    std::vector<size_t> rows;
    for (const Run& run : runs) {
      std::optional<size_t> row = function.select(values, run.begin, run.end);
      if (!row) continue;
      candidates.append(values.at(*row));
      rows.push_back(*row);
    }
    if (rows.empty()) return std::nullopt;
    std::optional<size_t> best = function.select(*candidates.finish(), 0, rows.size());
    return best ? std::optional(rows[*best]) : std::nullopt;
  }

  ColumnPtr picked(size_t column, const std::vector<std::optional<size_t>>& rows) {
    ColumnBuilder builder(table_.columns()[column].type, &context_.memory);
    for (std::optional<size_t> row : rows) {
      if (row) {
        builder.append_row(chunk_.columns[column], *row);
      } else {
        builder.append_null();
      }
    }
    return builder.finish();
  }

  // Columns stand where they stood in the input: those of the key, the value, the time; for
  // selectors all others too.
  Result<TablePtr> assemble(ColumnPtr times, const ColumnPtr& results,
                            const std::vector<std::optional<size_t>>* rows) {
    GroupKey key;
    Columns columns;
    Chunk out;
    out.rows = times->rows;
    auto add_key = [&](const std::string& label, const Scalar& value) {
      key.add(label, value);
      columns.push_back({label, value.type()});
      out.columns.push_back(constant_column(value, out.rows));
    };
    auto add = [&](const std::string& label, ColumnPtr column) {
      columns.push_back({label, column->type});
      out.columns.push_back(std::move(column));
    };
    bool time_placed = false;
    for (size_t i = 0; i < table_.columns().size(); ++i) {
      const std::string& label = table_.columns()[i].label;
      const Scalar* value = table_.key().find(label);
      if (label == options_.time_target) {
        add(label, times);
        time_placed = true;
      } else if (i == value_at_ && results != nullptr) {
        add(label, results);
      } else if (label == "_start" && within_.known) {
        add_key(label, Scalar::of_time(within_.bounds.start_ns));
      } else if (label == "_stop" && within_.known) {
        add_key(label, Scalar::of_time(within_.bounds.stop_ns));
      } else if (value != nullptr) {
        add_key(label, *value);
      } else if (rows != nullptr) {
        add(label, picked(i, *rows));
      }
    }
    for (const auto& [label, bound] : {std::pair("_start", within_.bounds.start_ns),
                                       std::pair("_stop", within_.bounds.stop_ns)}) {
      if (!find_column(columns, label)) add_key(label, Scalar::of_time(bound));
    }
    if (!time_placed) add(options_.time_target, std::move(times));
    return make_table(std::move(key), std::move(columns), std::move(out));
  }

  ExecContext& context_;
  const Options& options_;
  const Table& table_;
  Chunk chunk_;
  size_t value_at_;
  TableBounds within_;
};

// Tables that window() cut out of the range before become one again: the windows that follow are of
// the range, whatever table their rows come from.
CursorPtr over_range(ExecContext& context, CursorPtr input, const std::optional<Bounds>& range) {
  if (!range) return input;
  auto how = [range](const Table& table) -> Result<Relabel> {
    Relabel out = Relabel::same(table);
    out.key = GroupKey();
    for (const auto& entry : table.key().entries()) {
      bool start = entry.label == "_start";
      if ((!start && entry.label != "_stop") || entry.value.type() != ColumnType::time) {
        out.key.add(entry.label, entry.value);
        continue;
      }
      Scalar bound = Scalar::of_time(start ? range->start_ns : range->stop_ns);
      out.columns[*table.find(entry.label)] = {
          {entry.label, ColumnType::time}, std::nullopt, bound};
      out.key.add(entry.label, bound);
    }
    return out;
  };
  return relabel(context, std::move(input), false, how);
}

Operation one_pass(const Options& options, WindowFunction function) {
  NodeSpec spec;
  store::Aggregate pushed = std::visit([](const auto& f) { return f.pushed; }, function);
  if (pushed != store::Aggregate::none && options.windows.in_nanoseconds() &&
      options.column == "_value" && options.time_target == "_time") {
    spec = WindowAggregateSpec{pushed, options.windows.every_ns(), options.windows.offset_ns(),
                               options.create_empty, options.time_source == "_start"};
  }
  auto make = [options, function](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    return per_table(
        context, over_range(context, std::move(input), options.range),
        [&context, options, function](TablePtr table) -> Result<TablePtr> {
          WEIR_TRY(size_t at, input_column(table->columns(), options.column));
          WEIR_TRY(Chunk chunk, collect(context, *table));
          return WindowAggregation(context, options, *table, std::move(chunk), at).run(function);
        });
  };
  return {std::move(make), std::move(spec)};
}

Operation copy_time(const std::string& source, const std::string& target) {
  return per_whole_table([source, target](const Table& table, Chunk chunk) -> Result<TablePtr> {
    std::optional<size_t> from = table.find(source);
    if (!from) return no_column(source);
    Columns columns = table.columns();
    ColumnPtr copy = chunk.columns[*from];
    if (std::optional<size_t> over = table.find(target)) {
      columns[*over].type = columns[*from].type;
      chunk.columns[*over] = std::move(copy);
    } else {
      columns.push_back({target, columns[*from].type});
      chunk.columns.push_back(std::move(copy));
    }
    GroupKey key = table.key();
    key.remove(target);
    return make_table(std::move(key), std::move(columns), std::move(chunk));
  });
}

Result<flux::Value> by_windows(CallContext& call, const Options& options,
                               const flux::Function& function, StreamNode input) {
  WindowOptions cut{options.windows, {}, options.create_empty, options.range};
  StreamNode windows = make_node(call, "aggregateWindow", std::move(input), window_operation(cut));
  std::vector<flux::NamedValue> arguments{{"column", flux::Value::of_string(options.column)}};
  WEIR_TRY(flux::Value results, call.interpreter().call_piped(function, stream_value(windows),
                                                              arguments, call.location()));
  if (!results.is(flux::ValueType::stream)) return invalid("fn must return a stream of tables");
  StreamNode node = results.as_stream();
  if (options.create_empty)
    node = make_node(call, "aggregateWindow", std::move(node), fill_empty_tables());
  node = make_node(call, "aggregateWindow", std::move(node),
                   copy_time(options.time_source, options.time_target));
  WEIR_TRY(Windows all_of_time, Windows::make(flux::Duration::of_ns(kInfiniteDurationNs), {}, {}));
  WindowOptions join{all_of_time, {}, false, options.range};
  join.names.time = options.time_target;
  return stream_value(make_node(call, "aggregateWindow", std::move(node), window_operation(join)));
}

Result<flux::Value> aggregate_window(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(Windows windows, window_arguments(call, arguments));
  Options options{windows, std::nullopt, "", "", "", true};
  WEIR_TRY(options.column, arguments.string_or("column", "_value"));
  WEIR_TRY(options.time_source, arguments.string_or("timeSrc", "_stop"));
  WEIR_TRY(options.time_target, arguments.string_or("timeDst", "_time"));
  WEIR_TRY(options.create_empty, arguments.boolean_or("createEmpty", true));
  WEIR_TRY(auto function, arguments.function("fn"));
  WEIR_TRY(StreamNode input, stream_argument(arguments, "tables"));
  options.range = range_bounds(input);
  auto simple = window_function(*function);
  bool of_bounds = options.time_source == "_start" || options.time_source == "_stop";
  bool plain_target = options.time_target != "_start" && options.time_target != "_stop" &&
                      options.time_target != options.column;
  if (simple && windows.consecutive() && of_bounds && plain_target) {
    return stream_value(make_node(call, "aggregateWindow", std::move(input),
                                  one_pass(options, std::move(*simple))));
  }
  return by_windows(call, options, *function, std::move(input));
}

}  // namespace

Operation fill_empty_tables() {
  return per_whole_table([](const Table& table, Chunk chunk) -> Result<TablePtr> {
    if (chunk.rows == 0) {
      chunk = Chunk();
      chunk.rows = 1;
      for (const ColumnInfo& column : table.columns()) {
        const Scalar* value = table.key().find(column.label);
        chunk.columns.push_back(value ? constant_column(*value, 1) : null_column(column.type, 1));
      }
    }
    return make_table(table.key(), table.columns(), std::move(chunk));
  });
}

void register_aggregate_window(Registry& registry) {
  registry.add_function("universe", "aggregateWindow",
                        "(<-tables: stream, every: duration, fn: function, ?period: duration, "
                        "?offset: duration, ?location: record, ?column: string, "
                        "?timeSrc: string, ?timeDst: string, ?createEmpty: bool)",
                        aggregate_window);
}

}  // namespace weir::query
