// Aggregates and selectors: the functions that make one value, or pick one row, of many rows.
//
// An Aggregate is fed runs of one column and then asked for its result; nulls are skipped, except
// by count, which counts rows. A Selector names the row it picks. Both are what mean(), first() and
// aggregateWindow() share.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "query/exec/table.h"
#include "store/store.h"

namespace weir::query {

class Aggregate {
 public:
  virtual ~Aggregate() = default;
  // Rows [begin, end) of a column of the type it was made for.
  virtual void add(const Column& column, size_t begin, size_t end) = 0;
  // Of all rows so far; null if there was no value.
  virtual Scalar result() = 0;
  virtual ColumnType type() const = 0;
};

// What a call of mean() and its like stands for.
struct AggregateFunction {
  std::string name;
  // Errc::invalid "unsupported input type for mean aggregate: string".
  std::function<Result<std::unique_ptr<Aggregate>>(ColumnType input)> make;
  store::Aggregate pushed = store::Aggregate::none;
};

// The row picked out of [begin, end) of a column, or nothing if all are null.
using Selector = std::function<std::optional<size_t>(const Column&, size_t begin, size_t end)>;
struct SelectorFunction {
  std::string name;
  Selector select;
  bool needs_order = false;  // refuses columns of bool and string
  store::Aggregate pushed = store::Aggregate::none;
};

AggregateFunction count_function();
AggregateFunction sum_function();
AggregateFunction mean_function();
AggregateFunction spread_function();
AggregateFunction skew_function();
// mode: "sample" or "population".
AggregateFunction stddev_function(bool population);
// The mean of the two values around the quantile.
AggregateFunction exact_quantile_function(double quantile);
// An estimate by t-digest (tdigest.h).
AggregateFunction estimated_quantile_function(double quantile, double compression);

SelectorFunction first_function();
SelectorFunction last_function();
SelectorFunction min_function();
SelectorFunction max_function();
// The row whose value is the quantile.
SelectorFunction quantile_selector(double quantile);

// The column to work on; Errc::invalid if there is none, or none that `function` takes.
Result<size_t> input_column(const Columns& columns, std::string_view label);
Result<void> check_input(const SelectorFunction& function, ColumnType type);
Error unsupported_input(std::string_view function, ColumnType type);

}  // namespace weir::query
