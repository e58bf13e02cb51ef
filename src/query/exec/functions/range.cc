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

// Bounds that the table's key tells already count too, if there is such time.
TimeBounds own_bounds(const RangeColumns& range, const GroupKey& key) {
  TimeBounds bounds{range.start_ns, range.stop_ns};
  const Scalar *start = key.find(range.start), *stop = key.find(range.stop);
  if (start == nullptr || stop == nullptr || start->is_null() || stop->is_null()) return bounds;
  TimeBounds both = intersection(bounds, {start->as_int(), stop->as_int()});
  return both.start_ns < both.stop_ns ? both : bounds;
}

Result<TablePtr> restrict(ExecContext& context, const RangeColumns& range, TablePtr table) {
  std::optional<size_t> time = table->find(range.time);
  if (!time) return invalid("range error: supplied time column " + range.time + " doesn't exist");
  if (table->columns()[*time].type != ColumnType::time)
    return invalid("range error: provided time column " + range.time + " is not of type time");
  for (const auto& [what, label] : {std::pair("start", range.start), {"stop", range.stop}}) {
    std::optional<size_t> at = table->find(label);
    if (at && table->columns()[*at].type != ColumnType::time)
      return invalid("range error: provided " + std::string(what) + " column " + label +
                     " is not of type time");
  }
  TimeBounds bounds = own_bounds(range, table->key());
  GroupKey key;
  Columns columns = table->columns();
  Scalar start = Scalar::of_time(bounds.start_ns), stop = Scalar::of_time(bounds.stop_ns);
  for (const std::string& label : {range.start, range.stop})
    if (!find_column(columns, label)) columns.push_back({label, ColumnType::time});
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
  // Tables without a row in the range go, as those of storage do.
  Columns out_columns = columns;
  TablePtr kept = per_chunk(context, std::move(table), key, std::move(columns), keep);
  WEIR_TRY(Chunk rows, collect(context, *kept));
  if (rows.rows == 0) return TablePtr();
  return make_table(std::move(key), std::move(out_columns), std::move(rows));
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
  WEIR_TRY(StreamNode before, stream_argument(arguments, "tables"));
  if (before->bounds) {
    TimeBounds both = intersection({range.start_ns, range.stop_ns}, *before->bounds);
    range.start_ns = both.start_ns, range.stop_ns = both.stop_ns;
  }
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
