// Packages that are written in Flux: what each defines, in its own words. Their functions compose
// those of other packages, so they are as fast as these.
#include "query/exec/functions/packages.h"

namespace weir::query {

namespace {

constexpr std::string_view kAggregate = R"(
import "experimental"

rate = (tables=<-, every, groupColumns=[], unit=1s) =>
    tables
        |> derivative(nonNegative: true, unit: unit)
        |> aggregateWindow(
            every: every,
            fn: (tables=<-, column) =>
                tables
                    |> mean(column: column)
                    |> group(columns: groupColumns)
                    |> experimental.group(columns: ["_start", "_stop"], mode: "extend")
                    |> sum(),
        )
)";

constexpr std::string_view kBoundaries = R"(
import "date"

_since = (day, to) => (7 + date.weekDay(t: to) - day) % 7
_last = (day) => {
    days = _since(day: day, to: today())
    start = date.sub(d: date.scale(d: 1d, n: if days == 0 then 7 else days), from: today())

    return {start: start, stop: date.add(d: 1d, to: start)}
}

yesterday = () => ({start: date.sub(d: 1d, from: today()), stop: today()})
monday = () => _last(day: date.Monday)
tuesday = () => _last(day: date.Tuesday)
wednesday = () => _last(day: date.Wednesday)
thursday = () => _last(day: date.Thursday)
friday = () => _last(day: date.Friday)
saturday = () => _last(day: date.Saturday)
sunday = () => _last(day: date.Sunday)
month = (month_offset=0) => {
    first = date.truncate(t: today(), unit: 1mo)
    start = date.add(d: date.scale(d: 1mo, n: month_offset), to: first)

    return {start: start, stop: date.add(d: 1mo, to: start)}
}
week = (week_offset=0, start_sunday=false) => {
    days = _since(day: if start_sunday then date.Sunday else date.Monday, to: today())
    first = date.sub(d: date.scale(d: 1d, n: days), from: today())
    start = date.add(d: date.scale(d: 1w, n: week_offset), to: first)

    return {start: start, stop: date.add(d: 1w, to: start)}
}
)";

constexpr std::string_view kPrometheus = R"(
import "experimental"

_quantiles = (tables=<-, quantile, onNonmonotonic) =>
    tables
        |> histogramQuantile(quantile: quantile, onNonmonotonic: onNonmonotonic)
        |> group(mode: "except", columns: ["le", "_value", "_time"])
        |> set(key: "quantile", value: string(v: quantile))
        |> experimental.group(columns: ["quantile"], mode: "extend")

histogramQuantile = (tables=<-, quantile, metricVersion=2, onNonmonotonic="error") =>
    if metricVersion == 2 then
        tables
            |> group(mode: "except", columns: ["le", "_value"])
            |> map(fn: (r) => ({r with le: float(v: r.le)}))
            |> _quantiles(quantile: quantile, onNonmonotonic: onNonmonotonic)
    else if metricVersion == 1 then
        tables
            |> filter(fn: (r) => r._field != "sum" and r._field != "count")
            |> map(fn: (r) => ({r with le: float(v: r._field)}))
            |> group(mode: "except", columns: ["_field", "le", "_value"])
            |> _quantiles(quantile: quantile, onNonmonotonic: onNonmonotonic)
    else
        die(msg: "Invalid metricVersion. Available versions are 1 and 2.")
)";

constexpr std::string_view kQuery = R"(
fromRange = (bucket, start, stop=now()) => from(bucket: bucket) |> range(start: start, stop: stop)
filterMeasurement = (table=<-, measurement) =>
    table |> filter(fn: (r) => r._measurement == measurement)
filterFields = (table=<-, fields=[]) =>
    if length(arr: fields) == 0 then
        table
    else
        table |> filter(fn: (r) => contains(value: r._field, set: fields))
inBucket = (bucket, measurement, start, stop=now(), fields=[], predicate=(r) => true) =>
    fromRange(bucket: bucket, start: start, stop: stop)
        |> filterMeasurement(measurement: measurement)
        |> filter(fn: predicate)
        |> filterFields(fields: fields)
)";

constexpr std::string_view kOee = R"(
import "contrib/tomhollingworth/events"
import "experimental"

_total = (tables=<-, column) =>
    tables
        |> difference(columns: [column], nonNegative: true)
        |> sum(column: column)
        |> duplicate(column: "_stop", as: "_time")

computeAPQ = (productionEvents, partEvents, runningState, plannedTime, idealCycleTime) => {
    planned = float(v: int(v: plannedTime))
    cycle = float(v: int(v: idealCycleTime))
    parts = partEvents |> _total(column: "partCount")
    bad = partEvents |> _total(column: "badCount")
    availability = productionEvents
        |> events.duration(unit: 1ns, columnName: "runTime")
        |> filter(fn: (r) => r.state == runningState)
        |> sum(column: "runTime")
        |> map(fn: (r) => ({r with _time: r._stop, availability: float(v: r.runTime) / planned}))
    performance = experimental.join(
        left: availability,
        right: parts,
        fn: (left, right) => ({left with
            performance: float(v: right.partCount) * cycle / float(v: left.runTime),
        }),
    )
    quality = experimental.join(
        left: bad,
        right: parts,
        fn: (left, right) => ({left with
            quality: 1.0 - float(v: left.badCount) / float(v: right.partCount),
        }),
    )

    return experimental.join(
        left: performance,
        right: quality,
        fn: (left, right) => ({left with
            quality: right.quality,
            oee: left.availability * left.performance * right.quality,
        }),
    )
}
APQ = (tables=<-, runningState, plannedTime, idealCycleTime) =>
    computeAPQ(
        productionEvents: tables,
        partEvents: tables,
        runningState: runningState,
        plannedTime: plannedTime,
        idealCycleTime: idealCycleTime,
    )
)";

constexpr std::string_view kMad = R"(
import "math"

mad = (table=<-, threshold=3.0) => {
    data = table |> group(columns: ["_time"])
    middle = data |> median(column: "_value")
    apart = join(tables: {data: data, med: middle}, on: ["_time"])
        |> map(fn: (r) => ({r with _value: math.abs(x: r._value_data - r._value_med)}))
        |> drop(columns: ["_start", "_stop", "_value_med", "_value_data"])
    // 1.4826 makes the estimate consistent for normal distributions.
    usual = apart
        |> median(column: "_value")
        |> map(fn: (r) => ({r with MAD: 1.4826 * r._value}))
        |> filter(fn: (r) => r.MAD > 0.0)

    return join(tables: {diff: apart, diff_med: usual}, on: ["_time"])
        |> map(fn: (r) => ({r with _value: r._value_diff / r._value_diff_med}))
        |> map(fn: (r) => ({r with level: if r._value >= threshold then "anomaly" else "normal"}))
}
)";

constexpr std::string_view kStatsmodels = R"(
linearRegression = (tables=<-) => {
    points = tables
        |> rename(columns: {_value: "y"})
        |> map(fn: (r) => ({r with x: 1.0}))
        |> cumulativeSum(columns: ["x"])
    t = points
        |> reduce(
            fn: (r, accumulator) => ({
                sx: accumulator.sx + r.x,
                sy: accumulator.sy + r.y,
                N: accumulator.N + 1.0,
                sxy: accumulator.sxy + r.x * r.y,
                sxx: accumulator.sxx + r.x * r.x,
            }),
            identity: {sxy: 0.0, sx: 0.0, sy: 0.0, sxx: 0.0, N: 0.0},
        )
        |> findRecord(fn: (key) => true, idx: 0)
    slope = (t.sxy - t.sx * t.sy / t.N) / (t.sxx - t.sx * t.sx / t.N)
    intercept = t.sy / t.N - slope * t.sx / t.N

    return points
        |> map(
            fn: (r) => ({r with
                y_hat: slope * r.x + intercept,
                slope: slope,
                sx: t.sx,
                sxy: t.sxy,
                sxx: t.sxx,
                N: t.N,
                sy: t.sy,
            }),
        )
        |> map(fn: (r) => ({r with errors: (r.y - r.y_hat) ^ 2.0}))
}
)";

constexpr std::string_view kHelpers = R"(
import "array"
import "json"

yieldValue = (v, name="value") =>
    array.from(rows: [{_time: now(), _value: v}]) |> yield(name: name)
yieldObject = (o, name="object") =>
    array.from(rows: [{_time: now(), _value: display(v: o)}]) |> yield(name: name)
yieldJSON = (o, name="json") =>
    array.from(rows: [{_time: now(), _value: string(v: json.encode(v: o))}]) |> yield(name: name)
)";

constexpr std::string_view kArrayConversions = R"(
toBool = (arr=<-) => arr |> map(fn: (x) => bool(v: x))
toDuration = (arr=<-) => arr |> map(fn: (x) => duration(v: x))
toFloat = (arr=<-) => arr |> map(fn: (x) => float(v: x))
toInt = (arr=<-) => arr |> map(fn: (x) => int(v: x))
toString = (arr=<-) => arr |> map(fn: (x) => string(v: x))
toTime = (arr=<-) => arr |> map(fn: (x) => time(v: x))
toUInt = (arr=<-) => arr |> map(fn: (x) => uint(v: x))
)";

// The columns of the group key stay, whatever the function returns.
constexpr std::string_view kRows = R"(
map = (tables=<-, fn) => tables |> map(fn: fn, mergeKey: true)
)";

constexpr std::string_view kSample = R"(
alignToNow = (tables=<-) => {
    newest = tables
        |> keep(columns: ["_time"])
        |> max(column: "_time")
        |> findRecord(fn: (key) => true, idx: 0)
    shift = int(v: now()) - int(v: newest._time)

    return tables |> map(fn: (r) => ({r with _time: time(v: int(v: r._time) + shift)}))
}
data = (set) =>
    die(msg: "sample data \"${set}\" is refused: queries may not reach other hosts")
)";

constexpr std::string_view kInfluxql = R"(
epoch = 1970-01-01T00:00:00Z
minTime = 1677-09-21T00:12:43.145224194Z
maxTime = 2262-04-11T23:47:16.854775806Z
)";

constexpr std::string_view kLocation = R"(
utc = {zone: "UTC", offset: 0h}
)";

// Functions on arrays alone, under the names they had before they moved to `array`.
void register_arrays(flux::Registry& registry) {
  for (std::string_view name : {"concat", "filter", "map"}) {
    flux::Value function = registry.find("array")->members.find(name)->second.binding.value;
    registry.add_value("experimental/array", name, function);
    if (name != "filter") registry.add_value("contrib/bonitoo-io/array", name, function);
  }
  registry.add_script("experimental/array", kArrayConversions);
}

}  // namespace

void register_scripted(flux::Registry& registry) {
  registry.add_script("experimental/aggregate", kAggregate);
  registry.add_script("date/boundaries", kBoundaries);
  registry.add_script("experimental/date/boundaries", kBoundaries);
  registry.add_script("experimental/prometheus", kPrometheus);
  registry.add_script("experimental/query", kQuery);
  registry.add_script("experimental/oee", kOee);
  registry.add_script("contrib/anaisdg/anomalydetection", kMad);
  registry.add_script("contrib/anaisdg/statsmodels", kStatsmodels);
  registry.add_script("contrib/mhall119/helpers", kHelpers);
  registry.add_script("contrib/jsternberg/rows", kRows);
  registry.add_script("influxdata/influxdb/sample", kSample);
  registry.add_script("internal/influxql", kInfluxql);
  registry.add_script("internal/location", kLocation);
  register_arrays(registry);
  registry.add_option("profiler", "enabledProfilers", flux::Value::of_array({}));
}

}  // namespace weir::query
