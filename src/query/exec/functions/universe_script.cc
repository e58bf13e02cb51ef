// Functions of the universe that are pipelines of others.
#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

constexpr std::string_view kScript = R"(
import "date"
import "math"

timedMovingAverage = (every, period, column="_value", tables=<-) =>
    tables
        |> window(every: every, period: period)
        |> mean(column: column)
        |> duplicate(column: "_stop", as: "_time")
        |> window(every: inf)

doubleEMA = (n, tables=<-) =>
    tables
        |> exponentialMovingAverage(n: n)
        |> duplicate(column: "_value", as: "__ema")
        |> exponentialMovingAverage(n: n)
        |> map(fn: (r) => ({r with _value: 2.0 * r.__ema - r._value}))
        |> drop(columns: ["__ema"])

tripleEMA = (n, tables=<-) =>
    tables
        |> exponentialMovingAverage(n: n)
        |> duplicate(column: "_value", as: "__ema1")
        |> exponentialMovingAverage(n: n)
        |> duplicate(column: "_value", as: "__ema2")
        |> exponentialMovingAverage(n: n)
        |> map(fn: (r) => ({r with _value: 3.0 * r.__ema1 - 3.0 * r.__ema2 + r._value}))
        |> drop(columns: ["__ema1", "__ema2"])

kaufmansER = (n, tables=<-) =>
    tables
        |> chandeMomentumOscillator(n: n)
        |> map(fn: (r) => ({r with _value: math.abs(x: r._value) / 100.0}))

timeWeightedAvg = (tables=<-, unit) =>
    tables
        |> integral(unit: unit, interpolate: "linear")
        |> map(
            fn: (r) => ({r with
                _value: r._value * float(v: uint(v: unit))
                    / float(v: int(v: r._stop) - int(v: r._start)),
            }),
        )

truncateTimeColumn = (timeColumn="_time", unit, tables=<-) =>
    tables
        |> map(fn: (r) => ({r with _time: date.truncate(t: r._time, unit: unit)}))

cov = (x, y, on, pearsonr=false) =>
    join(tables: {x: x, y: y}, on: on)
        |> covariance(pearsonr: pearsonr, columns: ["_value_x", "_value_y"])

pearsonr = (x, y, on) => cov(x: x, y: y, on: on, pearsonr: true)

highestMax = (n, column="_value", groupColumns=[], tables=<-) =>
    tables
        |> group(columns: groupColumns)
        |> max(column: column)
        |> group()
        |> top(n: n, columns: [column])

highestAverage = (n, column="_value", groupColumns=[], tables=<-) =>
    tables
        |> group(columns: groupColumns)
        |> mean(column: column)
        |> group()
        |> top(n: n, columns: [column])

highestCurrent = (n, column="_value", groupColumns=[], tables=<-) =>
    tables
        |> group(columns: groupColumns)
        |> last(column: column)
        |> group()
        |> top(n: n, columns: [column])

lowestMin = (n, column="_value", groupColumns=[], tables=<-) =>
    tables
        |> group(columns: groupColumns)
        |> min(column: column)
        |> group()
        |> bottom(n: n, columns: [column])

lowestAverage = (n, column="_value", groupColumns=[], tables=<-) =>
    tables
        |> group(columns: groupColumns)
        |> mean(column: column)
        |> group()
        |> bottom(n: n, columns: [column])

lowestCurrent = (n, column="_value", groupColumns=[], tables=<-) =>
    tables
        |> group(columns: groupColumns)
        |> last(column: column)
        |> group()
        |> bottom(n: n, columns: [column])
)";

}  // namespace

void register_universe_script(Registry& registry) { registry.add_script("universe", kScript); }

}  // namespace weir::query
