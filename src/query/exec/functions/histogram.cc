// histogram(): how many values of each table are at most as great as each of some bounds; and
// linearBins(), logarithmicBins(), which make such bounds.
#include <algorithm>
#include <cmath>
#include <limits>

#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

constexpr int64_t kBinsMax = 1'000'000;  // beyond this a script means something else

struct HistogramOptions {
  std::string column, bound_column, count_column;
  std::vector<double> bounds;  // sorted
  bool normalize = false;
};

Result<TablePtr> histogram_table(const HistogramOptions& options, const Table& table,
                                 const Chunk& chunk) {
  std::optional<size_t> at = table.find(options.column);
  if (!at) return invalid("column \"" + options.column + "\" is missing");
  if (ColumnType type = table.columns()[*at].type; type != ColumnType::floating)
    return invalid("column \"" + options.column + "\" must be a float got " +
                   std::string(to_string(type)));
  const Column& values = *chunk.columns[*at];
  std::vector<double> counts(options.bounds.size(), 0);
  double total = 0;
  for (size_t row = 0; row < chunk.rows; ++row) {
    if (!values.is_valid(row)) continue;
    double value = values.float_at(row);
    auto bin = std::lower_bound(options.bounds.begin(), options.bounds.end(), value);
    if (bin == options.bounds.end() || std::isnan(value))
      return invalid("found value greater than any bin: " + std::to_string(value));
    counts[static_cast<size_t>(bin - options.bounds.begin())] += 1;
    total += 1;
  }
  ColumnBuilder bounds(ColumnType::floating), sums(ColumnType::floating);
  double sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    sum += counts[i];
    bounds.append_float(options.bounds[i]);
    sums.append_float(options.normalize ? sum / total : sum);
  }
  return keyed_table(
      table.key(), {{options.bound_column, bounds.finish()}, {options.count_column, sums.finish()}},
      counts.size());
}

Result<Operation> histogram(CallContext&, const Arguments& arguments) {
  HistogramOptions options;
  WEIR_TRY(options.column, arguments.string_or("column", "_value"));
  WEIR_TRY(options.bound_column, arguments.string_or("upperBoundColumn", "le"));
  WEIR_TRY(options.count_column, arguments.string_or("countColumn", "_value"));
  WEIR_TRY(options.normalize, arguments.boolean_or("normalize", false));
  WEIR_TRY(const flux::Array* bins, arguments.array("bins"));
  for (const flux::Value& bin : *bins) {
    if (!bin.is(flux::ValueType::floating))
      return invalid("bins must be an array of floats, found " + std::string(bin.type_name()));
    options.bounds.push_back(bin.as_float());
  }
  std::sort(options.bounds.begin(), options.bounds.end());
  return per_whole_table([options](const Table& table, const Chunk& chunk) {
    return histogram_table(options, table, chunk);
  });
}

// Bounds from `start`, each made of the one before by `next`, and perhaps infinity.
template <class Next>
Result<flux::Value> bins(const Arguments& arguments, Next next) {
  WEIR_TRY(double bound, arguments.floating("start"));
  WEIR_TRY(int64_t count, arguments.integer("count"));
  WEIR_TRY(bool infinity, arguments.boolean_or("infinity", true));
  if (count < 0 || count > kBinsMax)
    return invalid("count must be between 0 and " + std::to_string(kBinsMax) + ", was " +
                   std::to_string(count));
  flux::Array bounds;
  for (int64_t i = 0; i < count; ++i, bound = next(bound))
    bounds.push_back(flux::Value::of_float(bound));
  if (infinity) bounds.push_back(flux::Value::of_float(std::numeric_limits<double>::infinity()));
  return flux::Value::of_array(std::move(bounds));
}

Result<flux::Value> linear_bins(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double width, arguments.floating("width"));
  return bins(arguments, [width](double bound) { return bound + width; });
}

Result<flux::Value> logarithmic_bins(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double factor, arguments.floating("factor"));
  return bins(arguments, [factor](double bound) { return bound * factor; });
}

}  // namespace

void register_histogram(Registry& registry) {
  add_operation(registry, "universe", "histogram",
                "(<-tables: stream, bins: array, ?column: string, ?upperBoundColumn: string, "
                "?countColumn: string, ?normalize: bool)",
                histogram);
  registry.add_function("universe", "linearBins",
                        "(start: float, width: float, count: int, ?infinity: bool)", linear_bins);
  registry.add_function("universe", "logarithmicBins",
                        "(start: float, factor: float, count: int, ?infinity: bool)",
                        logarithmic_bins);
}

}  // namespace weir::query
