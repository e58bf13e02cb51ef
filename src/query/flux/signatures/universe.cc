#include "query/flux/signatures.h"

namespace weir::query::flux {

const std::string_view kUniverseSignatures = R"(
package universe
aggregateWindow : (<-tables: stream[D], every: duration, fn: (<-: stream[B], column: A) =>
    stream[C], ?column: A, ?createEmpty: bool, ?location: {offset: duration, zone: string},
    ?offset: duration, ?period: duration, ?timeDst: string, ?timeSrc: string) => stream[E] where
    B: Record, C: Record, D: Record, E: Record
bool : (v: A) => bool
bottom : (<-tables: stream[A], n: int, ?columns: [string]) => stream[A] where A: Record
buckets : (?host: string, ?org: string, ?orgID: string, ?token: string) =>
    stream[{retentionPeriod: int, retentionPolicy: string, organizationID: string, id: string,
    name: string}]
bytes : (v: A) => bytes
cardinality : (start: A, ?bucket: string, ?bucketID: string, ?host: string, ?org: string, ?orgID:
    string, ?predicate: (r: {C with _value: B, _field: string, _measurement: string}) => bool,
    ?stop: D, ?token: string) => stream[{_value: int, _stop: time, _start: time}] where A:
    Timeable, D: Timeable
chandeMomentumOscillator : (<-tables: stream[A], n: int, ?columns: [string]) => stream[B] where A:
    Record, B: Record
columns : (<-tables: stream[A], ?column: string) => stream[B] where A: Record, B: Record
contains : (set: [A], value: A) => bool where A: Nullable
count : (<-tables: stream[A], ?column: string) => stream[B] where A: Record, B: Record
cov : (on: [string], x: A, y: B, ?pearsonr: bool) => stream[C] where C: Record
covariance : (<-tables: stream[A], columns: [string], ?pearsonr: bool, ?valueDst: string) =>
    stream[B] where A: Record, B: Record
cumulativeSum : (<-tables: stream[A], ?columns: [string]) => stream[B] where A: Record, B: Record
derivative : (<-tables: stream[A], ?columns: [string], ?initialZero: bool, ?nonNegative: bool,
    ?timeColumn: string, ?unit: duration) => stream[B] where A: Record, B: Record
die : (msg: string) => A
difference : (<-tables: stream[A], ?columns: [string], ?initialZero: bool, ?keepFirst: bool,
    ?nonNegative: bool) => stream[B] where A: Record, B: Record
display : (v: A) => string
distinct : (<-tables: stream[A], ?column: string) => stream[B] where A: Record, B: Record
doubleEMA : (<-tables: stream[{B with _value: A}], n: int) => stream[C] where A: Numeric, C:
    Record
drop : (<-tables: stream[A], ?columns: [string], ?fn: (column: string) => bool) => stream[B] where
    A: Record, B: Record
duplicate : (<-tables: stream[A], as: string, column: string) => stream[B] where A: Record, B:
    Record
duration : (v: A) => duration
elapsed : (<-tables: stream[A], ?columnName: string, ?timeColumn: string, ?unit: duration) =>
    stream[B] where A: Record, B: Record
exponentialMovingAverage : (<-tables: stream[{B with _value: A}], n: int) => stream[{B with
    _value: A}] where A: Numeric
false : bool
fill : (<-tables: stream[B], ?column: string, ?usePrevious: bool, ?value: A) => stream[C] where B:
    Record, C: Record
filter : (<-tables: stream[A], fn: (r: A) => bool, ?onEmpty: string) => stream[A] where A: Record
findColumn : (<-tables: stream[B], column: string, fn: (key: A) => bool) => [C] where A: Record,
    B: Record
findRecord : (<-tables: stream[B], fn: (key: A) => bool, idx: int) => B where A: Record, B: Record
first : (<-tables: stream[A], ?column: string) => stream[A] where A: Record
float : (v: A) => float
from : (?bucket: string, ?bucketID: string, ?host: string, ?org: string, ?orgID: string, ?token:
    string) => stream[{B with _value: A, _time: time, _field: string, _measurement: string}]
getColumn : (<-table: stream[A], column: string) => [B] where A: Record
getRecord : (<-table: stream[A], idx: int) => A where A: Record
group : (<-tables: stream[A], ?columns: [string], ?mode: string) => stream[A] where A: Record
highestAverage : (<-tables: stream[A], n: int, ?column: string, ?groupColumns: [string]) =>
    stream[B] where A: Record, B: Record
highestCurrent : (<-tables: stream[A], n: int, ?column: string, ?groupColumns: [string]) =>
    stream[A] where A: Record
highestMax : (<-tables: stream[A], n: int, ?column: string, ?groupColumns: [string]) => stream[A]
    where A: Record
histogram : (<-tables: stream[A], bins: [float], ?column: string, ?countColumn: string,
    ?normalize: bool, ?upperBoundColumn: string) => stream[B] where A: Record, B: Record
histogramQuantile : (<-tables: stream[A], ?countColumn: string, ?minValue: float, ?onNonmonotonic:
    string, ?quantile: float, ?upperBoundColumn: string, ?valueColumn: string) => stream[B] where
    A: Record, B: Record
holtWinters : (<-tables: stream[A], interval: duration, n: int, ?column: string, ?seasonality:
    int, ?timeColumn: string, ?withFit: bool, ?withMinSSE: bool) => stream[B] where A: Record, B:
    Record
hourSelection : (<-tables: stream[A], start: int, stop: int, ?location: {offset: duration, zone:
    string}, ?timeColumn: string) => stream[A] where A: Record
increase : (<-tables: stream[A], ?columns: [string]) => stream[B] where A: Record, B: Record
inf : duration
int : (v: A) => int
integral : (<-tables: stream[A], ?column: string, ?interpolate: string, ?timeColumn: string,
    ?unit: duration) => stream[B] where A: Record, B: Record
join : (<-tables: A, ?method: string, ?on: [string]) => stream[B] where A: Record, B: Record
kaufmansAMA : (<-tables: stream[A], n: int, ?column: string) => stream[B] where A: Record, B:
    Record
kaufmansER : (<-tables: stream[A], n: int) => stream[{B with _value: float, _value: float}] where
    A: Record
keep : (<-tables: stream[A], ?columns: [string], ?fn: (column: string) => bool) => stream[B] where
    A: Record, B: Record
keyValues : (<-tables: stream[A], keyColumns: [string]) => stream[{C with _value: B, _key:
    string}] where A: Record, C: Record
keys : (<-tables: stream[A], ?column: string) => stream[B] where A: Record, B: Record
last : (<-tables: stream[A], ?column: string) => stream[A] where A: Record
length : (<-arr: [A]) => int
limit : (<-tables: stream[A], n: int, ?offset: int) => stream[A]
linearBins : (count: int, start: float, width: float, ?infinity: bool) => [float]
location : {zone: string, offset: duration}
logarithmicBins : (count: int, factor: float, start: float, ?infinity: bool) => [float]
lowestAverage : (<-tables: stream[A], n: int, ?column: string, ?groupColumns: [string]) =>
    stream[B] where A: Record, B: Record
lowestCurrent : (<-tables: stream[A], n: int, ?column: string, ?groupColumns: [string]) =>
    stream[A] where A: Record
lowestMin : (<-tables: stream[A], n: int, ?column: string, ?groupColumns: [string]) => stream[A]
    where A: Record
map : (<-tables: stream[A], fn: (r: A) => B, ?mergeKey: bool) => stream[B]
max : (<-tables: stream[A], ?column: string) => stream[A] where A: Record
mean : (<-tables: stream[A], ?column: string) => stream[B] where A: Record, B: Record
median : (<-tables: stream[A], ?column: string, ?compression: float, ?method: string) => stream[A]
    where A: Record
min : (<-tables: stream[A], ?column: string) => stream[A] where A: Record
mode : (<-tables: stream[A], ?column: string) => stream[{C with _value: B}] where A: Record, C:
    Record
movingAverage : (<-tables: stream[{B with _value: A}], n: int) => stream[{B with _value: float}]
    where A: Numeric
now : () => time
pearsonr : (on: [string], x: A, y: B) => stream[C] where C: Record
pivot : (<-tables: stream[A], columnKey: [string], rowKey: [string], valueColumn: string) =>
    stream[B] where A: Record, B: Record
quantile : (<-tables: stream[A], q: float, ?column: string, ?compression: float, ?method: string)
    => stream[A] where A: Record
range : (<-tables: stream[{C with _time: time}], start: A, ?stop: B) => stream[{C with _stop:
    time, _start: time, _time: time}]
reduce : (<-tables: stream[B], fn: (accumulator: A, r: B) => A, identity: A) => stream[C] where A:
    Record, B: Record, C: Record
relativeStrengthIndex : (<-tables: stream[A], n: int, ?columns: [string]) => stream[B] where A:
    Record, B: Record
rename : (<-tables: stream[B], ?columns: A, ?fn: (column: string) => string) => stream[C] where A:
    Record, B: Record, C: Record
sample : (<-tables: stream[A], n: int, ?column: string, ?pos: int) => stream[A] where A: Record
set : (<-tables: stream[A], key: string, value: string) => stream[A] where A: Record
skew : (<-tables: stream[A], ?column: string) => stream[B] where A: Record, B: Record
sort : (<-tables: stream[A], ?columns: [string], ?desc: bool) => stream[A] where A: Record
spread : (<-tables: stream[A], ?column: string) => stream[B] where A: Record, B: Record
stateCount : (<-tables: stream[A], fn: (r: A) => bool, ?column: string) => stream[B] where A:
    Record, B: Record
stateDuration : (<-tables: stream[A], fn: (r: A) => bool, ?column: string, ?timeColumn: string,
    ?unit: duration) => stream[B] where A: Record, B: Record
stateTracking : (<-tables: stream[A], fn: (r: A) => bool, ?countColumn: string, ?durationColumn:
    string, ?durationUnit: duration, ?timeColumn: string) => stream[B] where A: Record, B: Record
stddev : (<-tables: stream[A], ?column: string, ?mode: string) => stream[B] where A: Record, B:
    Record
string : (v: A) => string
sum : (<-tables: stream[A], ?column: string) => stream[B] where A: Record, B: Record
tableFind : (<-tables: stream[B], fn: (key: A) => bool) => stream[B] where A: Record, B: Record
tail : (<-tables: stream[A], n: int, ?offset: int) => stream[A]
time : (v: A) => time
timeShift : (<-tables: stream[A], duration: duration, ?columns: [string]) => stream[A]
timeWeightedAvg : (<-tables: stream[A], unit: duration) => stream[{D with _value: float, _value:
    float, _stop: B, _start: C}] where A: Record
timedMovingAverage : (<-tables: stream[A], every: duration, period: duration, ?column: string) =>
    stream[B] where A: Record, B: Record
to : (<-tables: stream[A], ?bucket: string, ?bucketID: string, ?fieldFn: (r: A) => B, ?host:
    string, ?measurementColumn: string, ?org: string, ?orgID: string, ?tagColumns: [string],
    ?timeColumn: string, ?token: string) => stream[A] where A: Record, B: Record
toBool : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: bool, _value: A}]
toFloat : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: float, _value: A}]
toInt : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: int, _value: A}]
toString : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: string, _value: A}]
toTime : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: time, _value: A}]
toUInt : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: uint, _value: A}]
today : () => time
top : (<-tables: stream[A], n: int, ?columns: [string]) => stream[A] where A: Record
tripleEMA : (<-tables: stream[{B with _value: A}], n: int) => stream[C] where A: Numeric, C:
    Record
tripleExponentialDerivative : (<-tables: stream[{B with _value: A}], n: int) => stream[{B with
    _value: float}] where A: Numeric, B: Record
true : bool
truncateTimeColumn : (<-tables: stream[{C with _time: B}], unit: duration, ?timeColumn: A) =>
    stream[{C with _time: time, _time: B}] where B: Timeable
uint : (v: A) => uint
union : (tables: [stream[A]]) => stream[A] where A: Record
unique : (<-tables: stream[A], ?column: string) => stream[A] where A: Record
wideTo : (<-tables: stream[A], ?bucket: string, ?bucketID: string, ?host: string, ?org: string,
    ?orgID: string, ?token: string) => stream[A] where A: Record
window : (<-tables: stream[A], ?createEmpty: bool, ?every: duration, ?location: {offset: duration,
    zone: string}, ?offset: duration, ?period: duration, ?startColumn: string, ?stopColumn:
    string, ?timeColumn: string) => stream[B] where A: Record, B: Record
yield : (<-tables: stream[A], ?name: string) => stream[A] where A: Record
)";

}  // namespace weir::query::flux
