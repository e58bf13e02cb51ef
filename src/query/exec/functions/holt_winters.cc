// holtWinters(): continues a series into the future by the damped method of Holt and Winters:
// level, trend and, perhaps, seasons, whose parameters are those that fit the past best.
//
// Values are taken as evenly spaced: the first of each interval counts, and an interval without is
// a missing value, which has no part in the error that is minimized.
// Spec: Hyndman and Athanasopoulos, "Forecasting: principles and practice", chapter 7.
#include <algorithm>
#include <cmath>
#include <limits>

#include "query/exec/functions/kit.h"
#include "query/exec/nelder_mead.h"
#include "query/flux/calendar.h"

namespace weir::query {

namespace {

constexpr int64_t kForecastMax = 1'000'000;  // values of the future
constexpr size_t kBucketsMax = 10'000'000;   // intervals of the past
constexpr double kGuess = 0.5;               // weight of the first values in the first guess
constexpr double kEpsilon = 1e-4;
constexpr double kGrid[] = {0.3, 0.7};  // starts of the search, for each of the first four

using Values = std::vector<std::optional<double>>;

// Where each parameter stands in a point of the search; the seasons follow.
enum Parameter : size_t { kAlpha, kBeta, kGamma, kPhi, kLevel, kTrend, kSeasons };

class HoltWinters {
 public:
  HoltWinters(ExecContext& context, Values values, size_t future, size_t season, bool with_fit)
      : context_(context),
        values_(std::move(values)),
        future_(future),
        season_(season >= 2 ? season : 0),
        with_fit_(with_fit) {}

  // The forecast, and the squared error of what was fitted to the past.
  Result<std::pair<std::vector<double>, double>> run() {
    if (values_.size() < 2 || values_.size() < season_ || future_ == 0)
      return std::pair(std::vector<double>(), 0.0);
    std::vector<double> start = first_guess();
    Objective error = [this](std::vector<double>& point) { return squared_error(point); };
    auto check = [this] { return context_.check(); };
    std::optional<Minimum> best;
    for (size_t combination = 0; combination < 16; ++combination) {
      for (size_t i = 0; i < 4; ++i) start[i] = kGrid[combination >> (3 - i) & 1];
      WEIR_TRY(Minimum found, minimize(error, start, kEpsilon, check));
      if (!best || found.value < best->value) best = std::move(found);
    }
    return std::pair(forecast(best->point, future_, with_fit_), best->value);
  }

 private:
  double at(size_t i) const { return values_[i].value_or(0); }

  std::vector<double> first_guess() const {
    std::vector<double> point(kSeasons + season_, 0);
    auto m = static_cast<double>(season_);
    if (season_ == 0) {
      point[kLevel] = kGuess * at(0);
      if (values_[1]) point[kTrend] = kGuess * (at(1) - at(0));
      return point;
    }
    for (size_t i = 0; i < season_; ++i)
      if (values_[i]) point[kLevel] += 1 / m * at(i);
    for (size_t i = 0; i < season_ && season_ + i < values_.size(); ++i)
      if (values_[i] && values_[season_ + i])
        point[kTrend] += 1 / (m * m) * (at(season_ + i) - at(i));
    for (size_t i = 0; i < season_; ++i)
      point[kSeasons + i] = values_[i] ? at(i) / point[kLevel] : 0;
    return point;
  }

  // Fitted values of the past, if asked for, and `future` values after it. Leaves in `point` what
  // the first four became within [0, 1], and the last seasons.
  std::vector<double> forecast(std::vector<double>& point, size_t future, bool with_fit) const {
    for (size_t i = kAlpha; i <= kPhi; ++i) point[i] = std::clamp(point[i], 0.0, 1.0);
    const double alpha = point[kAlpha], beta = point[kBeta], gamma = point[kGamma],
                 phi = point[kPhi];
    double value = at(0), level = point[kLevel], trend = point[kTrend], damping = phi;
    std::vector<double> out;
    if (with_fit) out.push_back(value);
    const size_t m = season_;
    for (size_t t = 1; t < values_.size() + future; ++t) {
      // The seasons are a ring that moves on with t, by two places a step.
      double season = m > 0 ? point[kSeasons + (2 * t - 2) % m] : 1;
      double season_ahead = m > 0 ? point[kSeasons + (2 * t - 2 + t % m) % m] : 1;
      double expected = level + phi * trend;
      double next_level = alpha * (value / season) + (1 - alpha) * expected;
      double next_trend = beta * (next_level - level) + (1 - beta) * phi * trend;
      double next_season = gamma * (value / expected) + (1 - gamma) * season;
      value = (next_level + damping * next_trend) * season_ahead;
      level = next_level, trend = next_trend;
      damping += std::pow(phi, static_cast<double>(t));
      if (m > 0) point[kSeasons + (2 * t - 2 + m) % m] = next_season;
      if (with_fit || t >= values_.size()) out.push_back(value);
    }
    return out;
  }

  double squared_error(std::vector<double>& point) const {
    std::vector<double> fitted = forecast(point, 0, true);
    double error = 0;
    for (size_t i = 0; i < fitted.size(); ++i) {
      if (!values_[i]) continue;
      if (std::isnan(fitted[i])) return std::numeric_limits<double>::infinity();
      error += (fitted[i] - at(i)) * (fitted[i] - at(i));
    }
    return error;
  }

  ExecContext& context_;
  Values values_;
  size_t future_, season_;
  bool with_fit_;
};

struct Options {
  int64_t future = 0, season = 0;
  flux::Duration interval;
  std::string column, time_column;
  bool with_fit = false, with_error = false;
};

int64_t length_ns(const flux::Duration& interval) {
  constexpr int64_t kMonthNs = 30 * 86'400 * int64_t{1'000'000'000};
  return interval.months * kMonthNs + interval.nanoseconds;
}

int64_t rounded(int64_t time_ns, int64_t to_ns) {
  int64_t rest = time_ns % to_ns;
  return rest < to_ns - rest ? time_ns - rest : time_ns + (to_ns - rest);
}

struct Series {
  Values values;
  int64_t first_ns = 0, last_ns = 0;
};

// One value an interval, from the first that is not null.
Result<Series> even_series(const Column& times, const Column& column, size_t rows,
                           int64_t interval_ns) {
  Series series;
  int64_t bucket_ns = 0;
  for (size_t row = 0; row < rows; ++row) {
    if (!times.is_valid(row)) continue;
    bool first = series.values.empty();
    if (first && !column.is_valid(row)) continue;
    int64_t time_ns = times.int_at(row), at_ns = rounded(time_ns, interval_ns);
    if (first) {
      series.first_ns = time_ns;
      bucket_ns = at_ns;
    } else {
      if (at_ns <= bucket_ns) continue;
      for (bucket_ns += interval_ns; at_ns > bucket_ns; bucket_ns += interval_ns) {
        series.values.emplace_back();
        if (series.values.size() > kBucketsMax)
          return invalid("interval is too short: the table spans more than " +
                         std::to_string(kBucketsMax) + " of it");
      }
      series.last_ns = time_ns;
    }
    series.values.emplace_back();
    if (column.is_valid(row)) series.values.back() = number_at(column, row);
  }
  return series;
}

Result<TablePtr> forecast_table(ExecContext& context, const Options& options, Table& table) {
  std::optional<size_t> time = table.find(options.time_column);
  if (!time) return invalid("cannot find time column " + options.time_column);
  if (table.columns()[*time].type != ColumnType::time)
    return invalid("column \"" + options.time_column + "\" is not of type time");
  std::optional<size_t> at = table.find(options.column);
  if (!at) return invalid("cannot find column " + options.column);
  if (ColumnType type = table.columns()[*at].type; !is_number(type))
    return invalid("holtWinters can work only on numerical types, got " +
                   std::string(to_string(type)));
  WEIR_TRY(Chunk chunk, collect(context, table));
  WEIR_TRY(Series series, even_series(*chunk.columns[*time], *chunk.columns[*at], chunk.rows,
                                      length_ns(options.interval)));
  HoltWinters method(context, std::move(series.values), static_cast<size_t>(options.future),
                     static_cast<size_t>(options.season), options.with_fit);
  WEIR_TRY(auto result, method.run());
  const auto& [forecast, error] = result;
  ColumnBuilder times(ColumnType::time), values(ColumnType::floating);
  int64_t time_ns = series.first_ns;
  if (!options.with_fit) {
    WEIR_TRY(time_ns, flux::add(series.last_ns, options.interval));
  }
  for (double value : forecast) {
    times.append_int(time_ns);
    values.append_float(value);
    WEIR_TRY(time_ns, flux::add(time_ns, options.interval));
  }
  std::vector<OwnColumn> own{{"_time", times.finish()}, {"_value", values.finish()}};
  if (options.with_error)
    own.push_back({"minSSE", constant_column(Scalar::of_float(error), forecast.size())});
  return keyed_table(table.key(), std::move(own), forecast.size());
}

Result<Operation> holt_winters(CallContext&, const Arguments& arguments) {
  Options options;
  WEIR_TRY(options.future, arguments.integer("n"));
  WEIR_TRY(options.interval, arguments.duration("interval"));
  WEIR_TRY(options.season, arguments.integer_or("seasonality", 0));
  WEIR_TRY(options.column, arguments.string_or("column", "_value"));
  WEIR_TRY(options.time_column, arguments.string_or("timeColumn", "_time"));
  WEIR_TRY(options.with_fit, arguments.boolean_or("withFit", false));
  WEIR_TRY(options.with_error, arguments.boolean_or("withMinSSE", false));
  if (options.interval.is_zero() || options.interval.negative)
    return invalid("interval must be positive");
  if (options.future > kForecastMax)
    return invalid("n must be at most " + std::to_string(kForecastMax) + ", was " +
                   std::to_string(options.future));
  options.future = std::max<int64_t>(options.future, 0);
  options.season = std::max<int64_t>(options.season, 0);
  auto make = [options](ExecContext& context, CursorPtr input) -> Result<CursorPtr> {
    return per_table(context, std::move(input),
                     [&context, options](TablePtr table) -> Result<TablePtr> {
                       return forecast_table(context, options, *table);
                     });
  };
  return Operation{std::move(make)};
}

}  // namespace

void register_holt_winters(Registry& registry) {
  add_operation(registry, "universe", "holtWinters",
                "(<-tables: stream, n: int, interval: duration, ?withFit: bool, ?column: string, "
                "?timeColumn: string, ?seasonality: int, ?withMinSSE: bool)",
                holt_winters);
}

}  // namespace weir::query
