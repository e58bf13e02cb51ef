// difference(), derivative(), increase(), cumulativeSum(), elapsed(): each row against the rows
// before it.
//
// "Before" is the last value that is not null; a row whose own value is null gives null.
#include <algorithm>

#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

// Wraps between times that are further apart than an int64 holds.
int64_t time_between(const Column& times, size_t from, size_t to) {
  return std::bit_cast<int64_t>(times.word(to) - times.word(from));
}

// Those of `labels` that the table has; the others are left out. `unsupported` makes the error for
// one that holds no numbers.
template <class Unsupported>
Result<std::vector<size_t>> number_columns(const Table& table,
                                           const std::vector<std::string>& labels,
                                           Unsupported unsupported) {
  std::vector<size_t> at;
  for (const std::string& label : labels) {
    std::optional<size_t> found = table.find(label);
    if (!found) continue;
    const ColumnInfo& column = table.columns()[*found];
    if (!is_number(column.type)) return unsupported(column);
    at.push_back(*found);
  }
  return at;
}

struct ChangeOptions {
  std::vector<std::string> columns;
  bool non_negative = false, initial_zero = false, keep_first = false;
  // derivative() only:
  bool per_time = false;
  std::string time_column;
  double unit_ns = 1;
};

// The change from `previous` to `row`; nothing for a change that is not allowed.
std::optional<Scalar> change(const ChangeOptions& options, const Column& column, size_t previous,
                             size_t row, double elapsed_units) {
  bool falls = compare_rows(column, row, column, previous) < 0;
  bool from_zero = options.non_negative && falls;
  if (from_zero) {
    bool negative = column.type != ColumnType::unsigned_integer && number_at(column, row) < 0;
    if (!options.initial_zero || negative) return std::nullopt;
  }
  if (options.per_time) {
    double difference = number_at(column, row) - (from_zero ? 0 : number_at(column, previous));
    if (!from_zero && column.type != ColumnType::floating)  // exact, however large
      difference =
          static_cast<double>(std::bit_cast<int64_t>(column.word(row) - column.word(previous)));
    return Scalar::of_float(difference / elapsed_units);
  }
  if (column.type == ColumnType::floating)
    return Scalar::of_float(column.float_at(row) - (from_zero ? 0 : column.float_at(previous)));
  uint64_t word = column.word(row) - (from_zero ? 0 : column.word(previous));
  return Scalar::of_int(std::bit_cast<int64_t>(word));
}

ColumnPtr changes(const ChangeOptions& options, const Column& column, const Column* times,
                  const std::vector<uint32_t>& rows, ColumnType type) {
  ColumnBuilder out(type);
  std::optional<size_t> previous;
  for (uint32_t row : rows) {
    std::optional<Scalar> value;
    if (column.is_valid(row)) {
      double elapsed = 1;
      if (previous && times != nullptr)
        elapsed = static_cast<double>(time_between(*times, *previous, row)) / options.unit_ns;
      if (previous) value = change(options, column, *previous, row, elapsed);
      previous = row;
    }
    value ? out.append(*value) : out.append_null();
  }
  return out.finish();
}

Result<TablePtr> change_table(const ChangeOptions& options, const Table& table,
                              const Chunk& chunk) {
  auto wrong_type = [&options](const ColumnInfo& column) {
    std::string type(to_string(column.type));
    if (options.per_time)
      return invalid("unsupported derivative column type " + column.label + ":" + type);
    if (column.type == ColumnType::time)
      return invalid("difference does not support time columns. Try the elapsed function");
    return invalid("difference does not support column \"" + column.label + "\" of type \"" + type +
                   "\"");
  };
  WEIR_TRY(auto changed, number_columns(table, options.columns, wrong_type));
  const Column* times = nullptr;
  std::vector<uint32_t> rows;
  if (options.per_time) {
    std::optional<size_t> time = table.find(options.time_column);
    if (!time) return invalid("no column \"" + options.time_column + "\" exists");
    if (table.columns()[*time].type != ColumnType::time)
      return invalid("column \"" + options.time_column + "\" is not of type time");
    times = chunk.columns[*time].get();
  }
  for (uint32_t row = 0; row < chunk.rows; ++row) {
    if (times != nullptr && !times->is_valid(row))
      return invalid("derivative found null time in time column");
    if (times != nullptr && !rows.empty() && times->int_at(row) < times->int_at(rows.back()))
      return invalid("derivative found out-of-order times in time column");
    // Of rows at one time the first counts.
    if (times != nullptr && !rows.empty() && times->int_at(row) == times->int_at(rows.back()))
      continue;
    rows.push_back(row);
  }
  Columns columns = table.columns();
  Chunk all = rows.size() == chunk.rows ? chunk : gather(chunk, rows);
  for (size_t at : changed) {
    ColumnType type = columns[at].type == ColumnType::floating || options.per_time
                          ? ColumnType::floating
                          : ColumnType::integer;
    all.columns[at] = changes(options, *chunk.columns[at], times, rows, type);
    columns[at].type = type;
  }
  if (!options.keep_first && all.rows > 0) all = slice(all, 1, all.rows - 1);
  GroupKey key = table.key();
  for (const std::string& label : options.columns) key.remove(label);
  return make_table(std::move(key), std::move(columns), std::move(all));
}

Operation change_operation(ChangeOptions options) {
  return per_whole_table([options](const Table& table, const Chunk& chunk) {
    return change_table(options, table, chunk);
  });
}

Result<Operation> difference(CallContext&, const Arguments& arguments) {
  ChangeOptions options;
  WEIR_TRY(options.columns, arguments.strings_or("columns", {"_value"}));
  WEIR_TRY(options.non_negative, arguments.boolean_or("nonNegative", false));
  WEIR_TRY(options.initial_zero, arguments.boolean_or("initialZero", false));
  WEIR_TRY(options.keep_first, arguments.boolean_or("keepFirst", false));
  return change_operation(std::move(options));
}

Result<double> unit_argument(const Arguments& arguments) {
  WEIR_TRY(flux::Duration unit,
           arguments.duration_or("unit", flux::Duration::of_ns(1'000'000'000)));
  if (unit.months != 0) return invalid("unit must not have months or years");
  if (unit.signed_ns() <= 0) return invalid("unit must be positive");
  return static_cast<double>(unit.nanoseconds);
}

Result<Operation> derivative(CallContext&, const Arguments& arguments) {
  ChangeOptions options;
  options.per_time = true;
  WEIR_TRY(options.columns, arguments.strings_or("columns", {"_value"}));
  WEIR_TRY(options.non_negative, arguments.boolean_or("nonNegative", false));
  WEIR_TRY(options.initial_zero, arguments.boolean_or("initialZero", false));
  WEIR_TRY(options.time_column, arguments.string_or("timeColumn", "_time"));
  WEIR_TRY(options.unit_ns, unit_argument(arguments));
  return change_operation(std::move(options));
}

Result<TablePtr> sum_up(const std::vector<std::string>& labels, const Table& table, Chunk chunk) {
  for (const std::string& label : labels) {
    std::optional<size_t> found = table.find(label);
    if (!found || !is_number(table.columns()[*found].type)) continue;
    size_t at = *found;
    const Column& column = *chunk.columns[at];
    ColumnBuilder out(column.type);
    double float_sum = 0;
    uint64_t word_sum = 0;
    for (size_t row = 0; row < chunk.rows; ++row) {
      if (column.is_valid(row) && column.type == ColumnType::floating)
        float_sum += column.float_at(row);
      if (column.is_valid(row)) word_sum += column.word(row);
      column.type == ColumnType::floating ? out.append_float(float_sum) : out.append_word(word_sum);
    }
    chunk.columns[at] = out.finish();
  }
  return make_table(table.key(), table.columns(), std::move(chunk));
}

Result<Operation> cumulative_sum(CallContext&, const Arguments& arguments) {
  WEIR_TRY(auto labels, arguments.strings_or("columns", {"_value"}));
  return per_whole_table([labels](const Table& table, Chunk chunk) {
    return sum_up(labels, table, std::move(chunk));
  });
}

Result<Operation> increase(CallContext&, const Arguments& arguments) {
  ChangeOptions options;
  WEIR_TRY(options.columns, arguments.strings_or("columns", {"_value"}));
  options.non_negative = options.initial_zero = options.keep_first = true;
  return per_whole_table([options](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    WEIR_TRY(TablePtr changed, change_table(options, table, chunk));
    Chunk rows;
    WEIR_TRY(bool any, changed->next(rows));
    if (!any) return changed;
    return sum_up(options.columns, *changed, std::move(rows));
  });
}

Result<Operation> elapsed(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double unit, unit_argument(arguments));
  WEIR_TRY(std::string time_label, arguments.string_or("timeColumn", "_time"));
  WEIR_TRY(std::string into, arguments.string_or("columnName", "elapsed"));
  auto run = [=](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    std::optional<size_t> time = table.find(time_label);
    if (!time) return no_column(time_label);
    if (table.columns()[*time].type != ColumnType::time)
      return invalid("column \"" + time_label + "\" is not of type time");
    const Column& times = *chunk.columns[*time];
    auto unit_ns = static_cast<int64_t>(unit);
    ColumnBuilder out(ColumnType::integer);
    for (size_t row = 1; row < chunk.rows; ++row) {
      if (!times.is_valid(row) || !times.is_valid(row - 1))
        return invalid("null values of column \"" + time_label + "\" are not allowed");
      out.append_int(time_between(times, row - 1, row) / unit_ns);
    }
    Columns columns = table.columns();
    Chunk rest = chunk.rows > 0 ? slice(chunk, 1, chunk.rows - 1) : chunk;
    if (std::optional<size_t> over = table.find(into)) {
      columns[*over].type = ColumnType::integer;
      rest.columns[*over] = out.finish();
    } else {
      columns.push_back({into, ColumnType::integer});
      rest.columns.push_back(out.finish());
    }
    GroupKey key = table.key();
    key.remove(into);
    return make_table(std::move(key), std::move(columns), std::move(rest));
  };
  return per_whole_table(run);
}

}  // namespace

void register_differences(Registry& registry) {
  constexpr std::string_view kColumns = "(<-tables: stream, ?columns: array)";
  add_operation(registry, "universe", "difference",
                "(<-tables: stream, ?nonNegative: bool, ?columns: array, ?keepFirst: bool, "
                "?initialZero: bool)",
                difference);
  add_operation(registry, "universe", "derivative",
                "(<-tables: stream, ?unit: duration, ?nonNegative: bool, ?columns: array, "
                "?timeColumn: string, ?initialZero: bool)",
                derivative);
  add_operation(registry, "universe", "increase", kColumns, increase);
  add_operation(registry, "universe", "cumulativeSum", kColumns, cumulative_sum);
  add_operation(registry, "universe", "elapsed",
                "(<-tables: stream, ?unit: duration, ?timeColumn: string, ?columnName: string)",
                elapsed);
}

}  // namespace weir::query
