// integral(): the area under the curve of a column over time, by the trapezoidal rule; perhaps
// continued in straight lines to the bounds of the table.
#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

struct IntegralOptions {
  double unit_ns = 1;
  std::string column, time_column;
  bool interpolate = false;
};

struct Point {
  int64_t time_ns = 0;
  double value = 0;
};

// Adds trapezoids between points that come in the order of time.
class Area {
 public:
  Area(const TimeBounds& bounds, const IntegralOptions& options)
      : bounds_(bounds), options_(options) {}

  void add(const Point& point) {
    if (points_ > 0) sum_ += trapezoid(last_, point);
    if (points_ == 1 && options_.interpolate && bounds_.start_ns < last_.time_ns)
      sum_ += trapezoid(on_line(last_, point, bounds_.start_ns), last_);
    before_ = last_, last_ = point;
    ++points_;
  }

  double finish() {
    if (points_ == 0 || (points_ == 1 && !options_.interpolate)) return 0;
    // One point has no slope; its value holds all the time.
    if (points_ == 1)
      return last_.value * static_cast<double>(bounds_.stop_ns - bounds_.start_ns) /
             options_.unit_ns;
    if (options_.interpolate) sum_ += trapezoid(last_, on_line(before_, last_, bounds_.stop_ns));
    return sum_;
  }

 private:
  double trapezoid(const Point& a, const Point& b) const {
    return 0.5 * (a.value + b.value) * static_cast<double>(b.time_ns - a.time_ns) /
           options_.unit_ns;
  }
  static Point on_line(const Point& a, const Point& b, int64_t time_ns) {
    double slope = (b.value - a.value) / static_cast<double>(b.time_ns - a.time_ns);
    return {time_ns, a.value + slope * static_cast<double>(time_ns - a.time_ns)};
  }

  TimeBounds bounds_;
  const IntegralOptions& options_;
  Point before_, last_;
  size_t points_ = 0;
  double sum_ = 0;
};

Result<int64_t> key_time(const GroupKey& key, const std::string& label) {
  const Scalar* value = key.find(label);
  if (value == nullptr || value->is_null() || value->type() != ColumnType::time)
    return invalid("integral function needs " + label + " column to be part of group key");
  return value->as_int();
}

Result<TablePtr> integral_table(const IntegralOptions& options, const Table& table,
                                const Chunk& chunk) {
  TimeBounds bounds;
  WEIR_TRY(bounds.start_ns, key_time(table.key(), "_start"));
  WEIR_TRY(bounds.stop_ns, key_time(table.key(), "_stop"));
  std::optional<size_t> at = table.find(options.column);
  if (!at) return no_column(options.column);
  if (table.key().has(options.column))
    return invalid("cannot aggregate columns that are part of the group key");
  if (ColumnType type = table.columns()[*at].type; !is_number(type))
    return invalid("cannot perform integral over " + std::string(to_string(type)));
  std::optional<size_t> time = table.find(options.time_column);
  if (!time) return invalid("no column \"" + options.time_column + "\" exists");
  if (table.columns()[*time].type != ColumnType::time)
    return invalid("column \"" + options.time_column + "\" is not of type time");

  const Column &times = *chunk.columns[*time], &values = *chunk.columns[*at];
  Area area(bounds, options);
  for (size_t row = 0; row < chunk.rows; ++row) {
    if (!times.is_valid(row)) return invalid("integral found null time in time column");
    int64_t time_ns = times.int_at(row);
    if (row > 0 && times.int_at(row - 1) > time_ns)
      return invalid("integral found out-of-order times in time column");
    // Of rows at one time the first counts.
    if (row > 0 && times.int_at(row - 1) == time_ns) continue;
    if (values.is_valid(row)) area.add({time_ns, number_at(values, row)});
  }
  return keyed_table(table.key(),
                     {{options.column, constant_column(Scalar::of_float(area.finish()), 1)}}, 1);
}

Result<Operation> integral(CallContext&, const Arguments& arguments) {
  IntegralOptions options;
  WEIR_TRY(flux::Duration unit,
           arguments.duration_or("unit", flux::Duration::of_ns(1'000'000'000)));
  if (unit.months != 0 || unit.signed_ns() <= 0)
    return invalid("unit must be positive and must not have months or years");
  options.unit_ns = static_cast<double>(unit.nanoseconds);
  WEIR_TRY(options.column, arguments.string_or("column", "_value"));
  WEIR_TRY(options.time_column, arguments.string_or("timeColumn", "_time"));
  WEIR_TRY(std::string interpolate, arguments.string_or("interpolate", ""));
  options.interpolate = interpolate == "linear";
  return per_whole_table([options](const Table& table, const Chunk& chunk) {
    return integral_table(options, table, chunk);
  });
}

}  // namespace

void register_integral(Registry& registry) {
  add_operation(registry, "universe", "integral",
                "(<-tables: stream, ?unit: duration, ?timeColumn: string, ?column: string, "
                "?interpolate: string)",
                integral);
}

}  // namespace weir::query
