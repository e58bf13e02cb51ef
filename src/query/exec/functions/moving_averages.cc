// movingAverage(), exponentialMovingAverage(), tripleExponentialDerivative(),
// relativeStrengthIndex(), chandeMomentumOscillator(), kaufmansAMA(): each row as an average, or a
// trend, of the rows up to it.
//
// Rows before the first whole period are left out; a table that has fewer gives one row, of all it
// has. Nulls are skipped.
#include <algorithm>
#include <cmath>

#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

using Values = std::vector<std::optional<double>>;

Result<size_t> positive_period(const Arguments& arguments, std::string_view what) {
  WEIR_TRY(int64_t n, arguments.integer("n"));
  if (n < 1)
    return invalid("cannot take " + std::string(what) + " with a period of " + std::to_string(n) +
                   " (must be greater than 0)");
  return static_cast<size_t>(n);
}

// The column _value, if it holds numbers.
Result<size_t> value_column(const Table& table, std::string_view what) {
  std::optional<size_t> at = table.find("_value");
  if (!at) return invalid("cannot find _value column");
  if (ColumnType type = table.columns()[*at].type; !is_number(type))
    return invalid("cannot take " + std::string(what) + " of column _value (type " +
                   std::string(to_string(type)) + ")");
  return *at;
}

Values values_of(const Column& column, size_t rows) {
  Values values(rows);
  for (size_t row = 0; row < rows; ++row)
    if (column.is_valid(row)) values[row] = number_at(column, row);
  return values;
}

ColumnPtr column_of(const Values& values) {
  ColumnBuilder out(ColumnType::floating);
  for (const auto& value : values) value ? out.append_float(*value) : out.append_null();
  return out.finish();
}

// The last rows of a table, with other values in a column, which are now floats.
TablePtr last_rows(const Table& table, const Chunk& chunk, size_t at, ColumnPtr values) {
  size_t count = std::min(values->rows, chunk.rows);
  Columns columns = table.columns();
  columns[at].type = ColumnType::floating;
  Chunk out = slice(chunk, chunk.rows - count, count);
  out.columns[at] = std::move(values);
  GroupKey key = table.key();
  key.remove(columns[at].label);
  return make_table(std::move(key), std::move(columns), std::move(out));
}

// ---- movingAverage ---------------------------------------------------------------------------

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
    return column.is_valid(row) ? SumAndCount{number_at(column, row), 1} : SumAndCount();
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
  WEIR_TRY(size_t n, positive_period(arguments, "moving average"));
  return per_whole_table([n](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    WEIR_TRY(size_t at, value_column(table, "moving average"));
    // With fewer than n rows there is one average, of all.
    size_t width = std::min(n, chunk.rows);
    return last_rows(table, chunk, at, moving_averages(*chunk.columns[at], chunk.rows, width));
  });
}

// ---- exponentialMovingAverage ----------------------------------------------------------------

std::optional<double> mean(const Values& values, size_t count) {
  double sum = 0;
  size_t found = 0;
  for (size_t i = 0; i < count; ++i)
    if (values[i]) sum += *values[i], ++found;
  if (found == 0) return std::nullopt;
  return sum / static_cast<double>(found);
}

// From the first whole period on: the mean of it, then each value with a weight of 2 / (n + 1).
Values exponential_averages(const Values& values, size_t n) {
  Values out;
  if (values.size() < n) return out;
  const double weight = 2 / static_cast<double>(n + 1);
  std::optional<double> average = mean(values, n);
  out.push_back(average);
  for (size_t i = n; i < values.size(); ++i) {
    if (values[i]) average = average ? *values[i] * weight + *average * (1 - weight) : *values[i];
    out.push_back(average);
  }
  return out;
}

Result<Operation> exponential_moving_average(CallContext&, const Arguments& arguments) {
  WEIR_TRY(size_t n, positive_period(arguments, "moving average"));
  return per_whole_table([n](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    WEIR_TRY(size_t at, value_column(table, "exponential moving average"));
    Values values = values_of(*chunk.columns[at], chunk.rows);
    Values averages = exponential_averages(values, n);
    if (averages.empty() && !values.empty()) averages.push_back(mean(values, values.size()));
    return last_rows(table, chunk, at, column_of(averages));
  });
}

// ---- tripleExponentialDerivative -------------------------------------------------------------

Result<Operation> triple_exponential_derivative(CallContext&, const Arguments& arguments) {
  WEIR_TRY(size_t n, positive_period(arguments, "triple exponential derivative"));
  return per_whole_table([n](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    WEIR_TRY(size_t at, value_column(table, "exponential moving average"));
    Values averages = values_of(*chunk.columns[at], chunk.rows);
    for (int i = 0; i < 3; ++i) averages = exponential_averages(averages, n);
    Values changes;
    for (size_t i = 1; i < averages.size(); ++i) {
      changes.emplace_back();
      if (averages[i] && averages[i - 1])
        changes.back() = (*averages[i] / *averages[i - 1] - 1) * 100;
    }
    if (averages.empty() && chunk.rows > 0) changes.emplace_back();
    return last_rows(table, chunk, at, column_of(changes));
  });
}

// ---- relativeStrengthIndex -------------------------------------------------------------------

// A running mean over the first n values, then each with a weight of 1 / n.
class Smoothed {
 public:
  explicit Smoothed(size_t n) : n_(n) {}
  void add(double value) {
    double weight = 1 / static_cast<double>(n_);
    if (count_ == 0) {
      average_ = value;
    } else if (seen_ < n_) {
      average_ = (average_ * static_cast<double>(count_) + value) / static_cast<double>(count_ + 1);
    } else {
      average_ = value * weight + average_ * (1 - weight);
    }
    count_ = std::min(count_ + 1, n_);
    ++seen_;
  }
  void add_null() { ++seen_; }
  double average() const { return average_; }

 private:
  size_t n_, count_ = 0, seen_ = 0;
  double average_ = 0;
};

Values strength_indexes(const Values& values, size_t n) {
  Smoothed up(n), down(n);
  Values out;
  std::optional<double> last;
  auto index = [&] { return 100 - 100 / (1 + up.average() / down.average()); };
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i]) {
      double change = *values[i] - last.value_or(0);
      up.add(std::max(change, 0.0));
      down.add(std::max(-change, 0.0));
      last = values[i];
    } else {
      up.add_null(), down.add_null();
    }
    if (i >= n) out.push_back(last ? std::optional(index()) : std::nullopt);
  }
  if (out.empty() && !values.empty()) out.push_back(index());
  return out;
}

// The columns among `labels` that a table has; they must hold numbers.
Result<std::vector<size_t>> listed_columns(const Table& table,
                                           const std::vector<std::string>& labels,
                                           std::string_view what) {
  std::vector<size_t> at;
  for (size_t i = 0; i < table.columns().size(); ++i) {
    const ColumnInfo& column = table.columns()[i];
    if (std::find(labels.begin(), labels.end(), column.label) == labels.end()) continue;
    if (!is_number(column.type))
      return invalid("cannot take " + std::string(what) + " of column " + column.label + " (type " +
                     std::string(to_string(column.type)) + ")");
    at.push_back(i);
  }
  return at;
}

// The last `count` rows, with the values that `function` makes of each column of `at`.
template <class Function>
TablePtr with_columns(const Table& table, const Chunk& chunk, const std::vector<size_t>& at,
                      size_t count, Function function) {
  Columns columns = table.columns();
  GroupKey key = table.key();
  Chunk out = slice(chunk, chunk.rows - count, count);
  for (size_t i : at) {
    columns[i].type = ColumnType::floating;
    key.remove(columns[i].label);
    out.columns[i] = column_of(function(values_of(*chunk.columns[i], chunk.rows)));
  }
  return make_table(std::move(key), std::move(columns), std::move(out));
}

Result<Operation> relative_strength_index(CallContext&, const Arguments& arguments) {
  WEIR_TRY(size_t n, positive_period(arguments, "relative strength index"));
  WEIR_TRY(auto labels, arguments.strings_or("columns", {"_value"}));
  return per_whole_table([n, labels](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    WEIR_TRY(auto at, listed_columns(table, labels, "relative strength index"));
    size_t count = chunk.rows > n ? chunk.rows - n : std::min<size_t>(chunk.rows, 1);
    return with_columns(table, chunk, at, count,
                        [n](const Values& values) { return strength_indexes(values, n); });
  });
}

// ---- chandeMomentumOscillator, kaufmansAMA ---------------------------------------------------

// Of n changes in a row: the sum of those upwards, and of those downwards.
class Momentum {
 public:
  void add(double change) {
    if (change > 0) up_ += change;
    if (change < 0) down_ -= change;
  }
  void remove(double change) {
    if (change > 0) up_ -= change;
    if (change < 0) down_ += change;
  }
  double oscillator() const { return 100 * (up_ - down_) / (up_ + down_); }

 private:
  double up_ = 0, down_ = 0;
};

// `function(row, oscillator)` for each row after the first n.
template <class Function>
void for_each_oscillator(const Values& values, size_t n, Function function) {
  Momentum momentum;
  auto change = [&](size_t row) { return values[row].value_or(0) - values[row - 1].value_or(0); };
  for (size_t row = 1; row < values.size(); ++row) {
    momentum.add(change(row));
    if (row < n) continue;
    function(row, momentum.oscillator());
    momentum.remove(change(row - n + 1));
  }
}

Result<Operation> chande_momentum_oscillator(CallContext&, const Arguments& arguments) {
  WEIR_TRY(size_t n, positive_period(arguments, "chande momentum oscillator"));
  WEIR_TRY(auto labels, arguments.strings_or("columns", {"_value"}));
  return per_whole_table([n, labels](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    WEIR_TRY(auto at, listed_columns(table, labels, "chande momentum oscillator"));
    size_t count = chunk.rows > n ? chunk.rows - n : 0;
    return with_columns(table, chunk, at, count, [n](const Values& values) {
      Values out;
      for_each_oscillator(values, n, [&](size_t, double value) { out.emplace_back(value); });
      return out;
    });
  });
}

// Moves towards each value the faster, the straighter the last n values ran.
Values adaptive_averages(const Values& values, size_t n) {
  constexpr double kFast = 2.0 / (2 + 1), kSlow = 2.0 / (30 + 1);
  Values out;
  double average = 0;
  for_each_oscillator(values, n, [&](size_t row, double oscillator) {
    if (row == n) average = values[row - 1].value_or(0);
    double efficiency = std::abs(oscillator) / 100;
    double speed = efficiency * (kFast - kSlow) + kSlow;
    average += speed * speed * (values[row].value_or(0) - average);
    out.emplace_back(average);
  });
  return out;
}

Result<Operation> kaufmans_ama(CallContext&, const Arguments& arguments) {
  WEIR_TRY(size_t n, positive_period(arguments, "KaufmansAMA"));
  WEIR_TRY(std::string label, arguments.string_or("column", "_value"));
  return per_whole_table([n, label](const Table& table, const Chunk& chunk) -> Result<TablePtr> {
    WEIR_TRY(auto at, listed_columns(table, {label}, "KAMA"));
    size_t count = chunk.rows > n ? chunk.rows - n : 0;
    return with_columns(table, chunk, at, count,
                        [n](const Values& values) { return adaptive_averages(values, n); });
  });
}

}  // namespace

void register_moving_averages(Registry& registry) {
  constexpr std::string_view kPeriod = "(<-tables: stream, n: int)";
  constexpr std::string_view kColumns = "(<-tables: stream, n: int, ?columns: array)";
  add_operation(registry, "universe", "movingAverage", kPeriod, moving_average);
  add_operation(registry, "universe", "exponentialMovingAverage", kPeriod,
                exponential_moving_average);
  add_operation(registry, "universe", "tripleExponentialDerivative", kPeriod,
                triple_exponential_derivative);
  add_operation(registry, "universe", "relativeStrengthIndex", kColumns, relative_strength_index);
  add_operation(registry, "universe", "chandeMomentumOscillator", kColumns,
                chande_momentum_oscillator);
  add_operation(registry, "universe", "kaufmansAMA", "(<-tables: stream, n: int, ?column: string)",
                kaufmans_ama);
}

}  // namespace weir::query
