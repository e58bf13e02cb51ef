// difference(), derivative(), increase(), cumulativeSum(), elapsed(), movingAverage(): each row
// against the rows before it.
//
// "Before" is the last value that is not null; a row whose own value is null gives null.
#include <algorithm>

#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

bool is_number(ColumnType type) {
  return type == ColumnType::integer || type == ColumnType::unsigned_integer ||
         type == ColumnType::floating;
}

double number(const Column& column, size_t row) {
  if (column.type == ColumnType::floating) return column.float_at(row);
  if (column.type == ColumnType::integer) return static_cast<double>(column.int_at(row));
  return static_cast<double>(column.word(row));
}

// Wraps between times that are further apart than an int64 holds.
int64_t time_between(const Column& times, size_t from, size_t to) {
  return std::bit_cast<int64_t>(times.word(to) - times.word(from));
}

Result<std::vector<size_t>> number_columns(const Table& table,
                                           const std::vector<std::string>& labels) {
  std::vector<size_t> at;
  for (const std::string& label : labels) {
    std::optional<size_t> found = table.find(label);
    if (!found) return no_column(label);
    ColumnType type = table.columns()[*found].type;
    if (!is_number(type))
      return invalid("unsupported column type " + std::string(to_string(type)) + " of column \"" +
                     label + "\"");
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
    bool negative = column.type != ColumnType::unsigned_integer && number(column, row) < 0;
    if (!options.initial_zero || negative) return std::nullopt;
  }
  if (options.per_time) {
    double difference = number(column, row) - (from_zero ? 0 : number(column, previous));
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
  WEIR_TRY(auto changed, number_columns(table, options.columns));
  const Column* times = nullptr;
  std::vector<uint32_t> rows;
  if (options.per_time) {
    std::optional<size_t> time = table.find(options.time_column);
    if (!time) return no_column(options.time_column);
    if (table.columns()[*time].type != ColumnType::time)
      return invalid("column \"" + options.time_column + "\" is not of type time");
    times = chunk.columns[*time].get();
  }
  for (uint32_t row = 0; row < chunk.rows; ++row) {
    if (times != nullptr && !times->is_valid(row))
      return invalid("null values of column \"" + options.time_column + "\" are not allowed");
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
  WEIR_TRY(auto summed, number_columns(table, labels));
  for (size_t at : summed) {
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

struct SumAndCount {
  double sum = 0;
  size_t count = 0;
  SumAndCount operator+(const SumAndCount& other) const {
    return {sum + other.sum, count + other.count};
  }
};

// Averages of `width` rows each, in one pass whatever the width. Rows are seen as blocks of
// `width`: a window is the end of one block and the beginning of the next, whose sums are kept.
// Nothing is ever subtracted, so an infinity or a large value leaves no trace in the windows after
// it.
ColumnPtr moving_averages(const Column& column, size_t rows, size_t width) {
  ColumnBuilder out(ColumnType::floating);
  auto value = [&](size_t row) {
    return column.is_valid(row) ? SumAndCount{number(column, row), 1} : SumAndCount();
  };
  std::vector<SumAndCount> to_block_end(width);
  SumAndCount from_block_start;
  for (size_t row = 0; row < rows; ++row) {
    size_t in_block = row % width;
    from_block_start = in_block == 0 ? value(row) : from_block_start + value(row);
    if (row + 1 >= width) {
      bool whole_block = in_block + 1 == width;
      SumAndCount window =
          whole_block ? from_block_start : to_block_end[in_block + 1] + from_block_start;
      window.count > 0 ? out.append_float(window.sum / static_cast<double>(window.count))
                       : out.append_null();
    }
    if (in_block + 1 < width) continue;
    SumAndCount sum;
    for (size_t back = width; back-- > 0;)
      to_block_end[back] = sum = value(row + 1 - width + back) + sum;
  }
  return out.finish();
}

Result<Operation> moving_average(CallContext&, const Arguments& arguments) {
  WEIR_TRY(int64_t n, arguments.integer("n"));
  if (n < 1) return invalid("n must be greater than 0, was " + std::to_string(n));
  auto run = [n](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    WEIR_TRY(auto at, number_columns(table, {"_value"}));
    const Column& column = *chunk.columns[at[0]];
    // With fewer than n rows there is one average, of all.
    size_t width = std::min(static_cast<size_t>(n), chunk.rows);
    Columns columns = table.columns();
    columns[at[0]].type = ColumnType::floating;
    Chunk rest = width > 0 ? slice(chunk, width - 1, chunk.rows - width + 1) : chunk;
    rest.columns[at[0]] = moving_averages(column, chunk.rows, width);
    return make_table(table.key(), std::move(columns), std::move(rest));
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
  add_operation(registry, "universe", "movingAverage", "(<-tables: stream, n: int)",
                moving_average);
}

}  // namespace weir::query
