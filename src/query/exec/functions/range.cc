// range(): the rows of [start, stop), which become the columns _start and _stop of the group key.
#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

// A time, a duration relative to now, or an int of Unix seconds.
Result<int64_t> bound(CallContext& call, const Arguments& arguments, std::string_view name) {
  const flux::Value& value = arguments.raw(name);
  if (!value.is(flux::ValueType::integer)) return arguments.time_or_relative_ns(call, name);
  int64_t ns = 0;
  if (__builtin_mul_overflow(value.as_int(), kSecondNs, &ns))
    return invalid("argument " + std::string(name) + ": " + std::to_string(value.as_int()) +
                   " seconds is outside the range of times");
  return ns;
}

struct RangeColumns {
  int64_t start_ns, stop_ns;
  std::string time, start, stop;
};

Result<TablePtr> restrict(ExecContext& context, const RangeColumns& range, TablePtr table) {
  std::optional<size_t> time = table->find(range.time);
  if (!time || table->columns()[*time].type != ColumnType::time)
    return invalid("supplied time column \"" + range.time + "\" doesn't exist");
  GroupKey key;
  Columns columns = table->columns();
  Scalar start = Scalar::of_time(range.start_ns), stop = Scalar::of_time(range.stop_ns);
  auto set = [&](const std::string& label) {
    std::optional<size_t> at = find_column(columns, label);
    if (at) columns[*at].type = ColumnType::time;
    if (!at) columns.push_back({label, ColumnType::time});
  };
  set(range.start), set(range.stop);
  for (const ColumnInfo& column : columns) {
    if (column.label == range.start) {
      key.add(column.label, start);
    } else if (column.label == range.stop) {
      key.add(column.label, stop);
    } else if (const Scalar* value = table->key().find(column.label)) {
      key.add(column.label, *value);
    }
  }
  auto keep = [range, columns, start, stop, time](const Chunk& in, Chunk& out) -> Result<bool> {
    std::vector<uint32_t> rows;
    const Column& times = *in.columns[*time];
    for (size_t row = 0; row < in.rows; ++row) {
      int64_t at = times.int_at(row);
      if (times.is_valid(row) && at >= range.start_ns && at < range.stop_ns)
        rows.push_back(static_cast<uint32_t>(row));
    }
    out = gather(in, rows);
    out.columns.resize(columns.size());
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].label == range.start) out.columns[i] = constant_column(start, out.rows);
      if (columns[i].label == range.stop) out.columns[i] = constant_column(stop, out.rows);
    }
    return true;
  };
  return per_chunk(context, std::move(table), std::move(key), std::move(columns), keep);
}

Result<Operation> range(CallContext& call, const Arguments& arguments) {
  RangeColumns range;
  WEIR_TRY(range.start_ns, bound(call, arguments, "start"));
  if (arguments.has("stop")) {
    WEIR_TRY(range.stop_ns, bound(call, arguments, "stop"));
  } else {
    WEIR_TRY(range.stop_ns, call.now_ns());
  }
  WEIR_TRY(range.time, arguments.string_or("timeColumn", "_time"));
  WEIR_TRY(range.start, arguments.string_or("startColumn", "_start"));
  WEIR_TRY(range.stop, arguments.string_or("stopColumn", "_stop"));
  if (range.stop_ns <= range.start_ns)
    return invalid("error in building plan while starting program: cannot query an empty range");
  RangeSpec spec{range.start_ns, range.stop_ns,
                 range.time == "_time" && range.start == "_start" && range.stop == "_stop"};
  auto make = [range](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    return per_table(context, std::move(input), [&context, range](TablePtr table) {
      return restrict(context, range, std::move(table));
    });
  };
  return Operation{std::move(make), spec};
}

}  // namespace

void register_range(Registry& registry) {
  add_operation(registry, "universe", "range",
                "(<-tables: stream, start: time|duration|int, ?stop: time|duration|int, "
                "?timeColumn: string, ?startColumn: string, ?stopColumn: string)",
                range);
}

}  // namespace weir::query
