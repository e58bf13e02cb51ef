// histogramQuantile(): the value below which a part of a histogram's counts lie, by interpolation
// between the bounds of its bins.
#include <algorithm>
#include <cmath>

#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

enum class OnNonmonotonic { error, force, drop };

struct QuantileOptions {
  double quantile = 0, min_value = 0;
  std::string count_column, bound_column, value_column;
  OnNonmonotonic on_nonmonotonic = OnNonmonotonic::error;
};

// Counts of all values up to `bound`.
struct Bin {
  double count, bound;
};

Result<const Column*> float_column(const Table& table, const Chunk& chunk, const std::string& label,
                                   const std::string& what) {
  std::optional<size_t> at = table.find(label);
  if (!at) return invalid("table is missing " + what + " column \"" + label + "\"");
  if (table.columns()[*at].type != ColumnType::floating)
    return invalid(what + " column \"" + label + "\" must be of type float");
  return chunk.columns[*at].get();
}

Result<std::vector<Bin>> sorted_bins(const QuantileOptions& options, const Table& table,
                                     const Chunk& chunk) {
  WEIR_TRY(const Column* counts, float_column(table, chunk, options.count_column, "count"));
  WEIR_TRY(const Column* bounds, float_column(table, chunk, options.bound_column, "upper bound"));
  std::vector<Bin> bins;
  for (size_t row = 0; row < chunk.rows; ++row) {
    if (!counts->is_valid(row)) return invalid("unexpected null in the countColumn");
    if (!bounds->is_valid(row)) return invalid("unexpected null in the upperBoundColumn");
    bins.push_back({counts->float_at(row), bounds->float_at(row)});
  }
  std::stable_sort(bins.begin(), bins.end(),
                   [](const Bin& a, const Bin& b) { return a.bound < b.bound; });
  return bins;
}

// With `force`, counts that fall are raised to those before them.
bool is_monotonic(std::vector<Bin>& bins, bool force) {
  double previous = 0;
  for (Bin& bin : bins) {
    if (bin.count < previous && !force) return false;
    bin.count = previous = std::max(bin.count, previous);
  }
  return true;
}

double value_at(const QuantileOptions& options, const std::vector<Bin>& bins) {
  double rank = options.quantile * bins.back().count;
  Bin lower{0, options.min_value};
  size_t next = 0;  // the bin after the last whose count is not beyond the rank
  for (size_t i = 0; i < bins.size(); ++i)
    if (rank >= bins[i].count) lower = bins[i], next = i + 1;
  if (next == bins.size()) return bins.back().bound;
  const Bin& upper = bins[next];
  if (rank == lower.count) return lower.bound;
  // There is nothing between a number and infinity.
  if (lower.bound == -INFINITY) return upper.bound;
  if (upper.bound == INFINITY) return lower.bound;
  double part = (rank - lower.count) / (upper.count - lower.count);
  return lower.bound + (upper.bound - lower.bound) * part;
}

Result<TablePtr> quantile_table(const QuantileOptions& options, const Table& table,
                                const Chunk& chunk) {
  WEIR_TRY(std::vector<Bin> bins, sorted_bins(options, table, chunk));
  if (bins.empty()) return invalid("histogram is empty");
  ColumnBuilder value(ColumnType::floating);
  if (!is_monotonic(bins, options.on_nonmonotonic == OnNonmonotonic::force)) {
    if (options.on_nonmonotonic == OnNonmonotonic::error)
      return invalid("histogram records counts are not monotonic");
    return keyed_table(table.key(), {{options.value_column, value.finish()}}, 0);
  }
  if (bins.back().count == 0) {
    value.append_null();
  } else {
    value.append_float(value_at(options, bins));
  }
  return keyed_table(table.key(), {{options.value_column, value.finish()}}, 1);
}

Result<Operation> histogram_quantile(CallContext&, const Arguments& arguments) {
  QuantileOptions options;
  WEIR_TRY(options.quantile, arguments.floating("quantile"));
  WEIR_TRY(options.count_column, arguments.string_or("countColumn", "_value"));
  WEIR_TRY(options.bound_column, arguments.string_or("upperBoundColumn", "le"));
  WEIR_TRY(options.value_column, arguments.string_or("valueColumn", "_value"));
  WEIR_TRY(options.min_value, arguments.floating_or("minValue", 0));
  WEIR_TRY(std::string fallen, arguments.string_or("onNonmonotonic", "error"));
  if (fallen == "force") {
    options.on_nonmonotonic = OnNonmonotonic::force;
  } else if (fallen == "drop") {
    options.on_nonmonotonic = OnNonmonotonic::drop;
  } else if (fallen != "error") {
    return invalid(
        "value provided to histogramQuantile parameter onNonmonotonic is invalid; "
        "must be one of \"error\", \"force\" or \"drop\"");
  }
  return per_whole_table([options](const Table& table, const Chunk& chunk) {
    return quantile_table(options, table, chunk);
  });
}

}  // namespace

void register_histogram_quantile(Registry& registry) {
  add_operation(registry, "universe", "histogramQuantile",
                "(<-tables: stream, ?quantile: float, ?countColumn: string, "
                "?upperBoundColumn: string, ?valueColumn: string, ?minValue: float, "
                "?onNonmonotonic: string)",
                histogram_quantile);
}

}  // namespace weir::query
