#include "query/flux/signatures.h"

namespace weir::query::flux {

const std::string_view kTableSignatures = R"(
package csv
from : (?csv: string, ?file: string, ?mode: string) => stream[A] where A: Record
package experimental
addDuration : (d: duration, to: A, ?location: {offset: duration, zone: string}) => time where A:
    Timeable
alignTime : (<-tables: stream[B], ?alignTo: A) => stream[C] where B: Record, C: Record
catch : (fn: () => A) => {msg: string, code: uint, value: A}
chain : (first: stream[A], second: stream[B]) => stream[B] where A: Record, B: Record
count : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: int}]
diff : (<-got: stream[A], want: stream[A]) => stream[{A with _diff: string}]
distinct : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: A}]
fill : (<-tables: stream[{B with _value: A}], ?usePrevious: bool, ?value: A) => stream[{B with
    _value: A}]
first : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: A}]
group : (<-tables: stream[A], columns: [string], mode: string) => stream[A] where A: Record
histogram : (<-tables: stream[{A with _value: float}], bins: [float], ?normalize: bool) =>
    stream[{A with le: float, _value: float}]
histogramQuantile : (<-tables: stream[{A with le: float, _value: float}], ?minValue: float,
    ?quantile: float) => stream[{A with _value: float}]
join : (fn: (left: A, right: B) => C, left: stream[A], right: stream[B]) => stream[C] where A:
    Record, B: Record, C: Record
kaufmansAMA : (<-tables: stream[{B with _value: A}], n: int) => stream[{B with _value: float}]
    where A: Numeric
last : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: A}]
max : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: A}]
mean : (<-tables: stream[{A with _value: float}]) => stream[{A with _value: float}]
min : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: A}]
mode : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: A}]
objectKeys : (o: A) => [string] where A: Record
preview : (<-tables: stream[A], ?nrows: int, ?ntables: int) => stream[A] where A: Record
quantile : (<-tables: stream[{A with _value: float}], q: float, ?compression: float, ?method:
    string) => stream[{A with _value: float}]
set : (<-tables: stream[B], o: A) => stream[C] where A: Record, B: Record, C: Record
skew : (<-tables: stream[{A with _value: float}]) => stream[{A with _value: float}]
spread : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: A}] where A: Numeric
stddev : (<-tables: stream[{A with _value: float}], ?mode: string) => stream[{A with _value:
    float}]
subDuration : (d: duration, from: A, ?location: {offset: duration, zone: string}) => time where A:
    Timeable
sum : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: A}] where A: Numeric
to : (<-tables: stream[A], ?bucket: string, ?bucketID: string, ?host: string, ?org: string,
    ?orgID: string, ?token: string) => stream[A] where A: Record
unique : (<-tables: stream[{B with _value: A}]) => stream[{B with _value: A}]
unpivot : (<-tables: stream[{A with _time: time}], ?otherColumns: [string]) => stream[{C with
    _value: B, _field: string}] where A: Record, C: Record
window : (<-tables: stream[{A with _time: time, _stop: time, _start: time}], ?createEmpty: bool,
    ?every: duration, ?location: {offset: duration, zone: string}, ?offset: duration, ?period:
    duration) => stream[{A with _time: time, _stop: time, _start: time}]
package experimental/aggregate
rate : (<-tables: stream[A], every: duration, ?groupColumns: [string], ?unit: duration) =>
    stream[B] where A: Record, B: Record
package experimental/csv
from : (url: string) => stream[A] where A: Record
package experimental/geo
ST_Contains : (geometry: A, region: B, ?units: {distance: string}) => bool where A: Record, B:
    Record
ST_DWithin : (distance: A, geometry: B, region: C, ?units: {distance: string}) => bool where A:
    Comparable + Equatable, B: Record, C: Record
ST_Distance : (geometry: A, region: B, ?units: {distance: string}) => float where A: Record, B:
    Record
ST_Intersects : (geometry: A, region: B, ?units: {distance: string}) => bool where A: Record, B:
    Record
ST_Length : (geometry: A, ?units: {distance: string}) => float where A: Record
ST_LineString : (<-tables: stream[{C with lon: A, lat: B}]) => stream[D] where D: Record
asTracks : (<-tables: stream[A], ?groupBy: [string], ?orderBy: [string]) => stream[A] where A:
    Record
filterRows : (<-tables: stream[{D with s2_cell_id: string, lon: B, lat: C}], region: A, ?level:
    int, ?maxSize: int, ?minSize: int, ?s2cellIDLevel: int, ?strict: bool) => stream[{D with lon:
    B, lat: C, s2_cell_id: string}] where A: Record
getGrid : (region: A, units: {distance: string}, ?level: int, ?maxLevel: int, ?maxSize: int,
    ?minSize: int) => {set: [string], level: int} where A: Record
getLevel : (token: string) => int
gridFilter : (<-tables: stream[{B with s2_cell_id: string}], region: A, ?level: int, ?maxSize:
    int, ?minSize: int, ?s2cellIDLevel: int, ?units: {distance: string}) => stream[{B with
    s2_cell_id: string}] where A: Record
groupByArea : (<-tables: stream[{A with s2_cell_id: string, lon: float, lat: float}], level: int,
    newColumn: string, ?s2cellIDLevel: int) => stream[B] where B: Record
s2CellIDToken : (level: int, ?point: {lon: float, lat: float}, ?token: string) => string
s2CellLatLon : (token: string) => {lon: float, lat: float}
shapeData : (<-tables: stream[{C with _field: string}], latField: A, level: int, lonField: B) =>
    stream[{D with s2_cell_id: string, lon: float, lat: float}] where A: Equatable, B: Equatable
stContains : (geometry: A, region: B, units: {distance: string}) => bool where A: Record, B:
    Record
stDistance : (geometry: A, region: B, units: {distance: string}) => float where A: Record, B:
    Record
stLength : (geometry: A, units: {distance: string}) => float where A: Record
strictFilter : (<-tables: stream[{D with lon: B, lat: C}], region: A) => stream[{D with lon: B,
    lat: C}] where A: Record
toRows : (<-tables: stream[A]) => stream[B] where A: Record, B: Record
totalDistance : (<-tables: stream[{B with lon: float, lat: float}], ?outputColumn: A) => stream[C]
    where C: Record
package experimental/oee
APQ : (<-tables: stream[D], idealCycleTime: A, plannedTime: B, runningState: C) => stream[{G with
    quality: float, oee: float, availability: float, performance: float, runTime: E, _time: F,
    _stop: F}] where C: Equatable, D: Record
computeAPQ : (idealCycleTime: A, partEvents: stream[B], plannedTime: C, productionEvents:
    stream[D], runningState: E) => stream[{H with quality: float, oee: float, availability: float,
    performance: float, runTime: F, _time: G, _stop: G}] where B: Record, D: Record, E: Equatable
package experimental/polyline
rdp : (<-tables: stream[A], ?epsilon: float, ?retention: float, ?timeColumn: string, ?valColumn:
    string) => stream[B] where A: Record, B: Record
package experimental/query
filterFields : (<-table: stream[{B with _field: A}], ?fields: [A]) => stream[{B with _field: A}]
    where A: Nullable
filterMeasurement : (<-table: stream[{C with _measurement: B}], measurement: A) => stream[{C with
    _measurement: B}] where A: Equatable, B: Equatable
fromRange : (bucket: string, start: A, ?stop: B) => stream[{D with _stop: time, _start: time,
    _time: time, _value: C, _field: string, _measurement: string}]
inBucket : (bucket: string, measurement: A, start: B, ?fields: [string], ?predicate: (r: {D with
    _measurement: string, _stop: time, _start: time, _time: time, _value: C, _field: string}) =>
    bool, ?stop: E) => stream[{D with _field: string, _measurement: string, _stop: time, _start:
    time, _time: time, _value: C}] where A: Equatable
package experimental/table
fill : (<-tables: stream[A]) => stream[A] where A: Record
package interpolate
linear : (<-tables: stream[{A with _value: float, _time: time}], every: duration) => stream[{A
    with _value: float, _time: time}]
package join
full : (<-left: stream[A], as: (l: A, r: B) => C, on: (l: A, r: B) => bool, right: stream[B]) =>
    stream[C] where A: Record, B: Record, C: Record
inner : (<-left: stream[A], as: (l: A, r: B) => C, on: (l: A, r: B) => bool, right: stream[B]) =>
    stream[C] where A: Record, B: Record, C: Record
left : (<-left: stream[A], as: (l: A, r: B) => C, on: (l: A, r: B) => bool, right: stream[B]) =>
    stream[C] where A: Record, B: Record, C: Record
right : (<-left: stream[A], as: (l: A, r: B) => C, on: (l: A, r: B) => bool, right: stream[B]) =>
    stream[C] where A: Record, B: Record, C: Record
tables : (<-left: stream[A], as: (l: A, r: B) => C, method: string, on: (l: A, r: B) => bool,
    right: stream[B]) => stream[C] where A: Record, B: Record, C: Record
time : (<-left: stream[{B with _time: A}], as: (l: {B with _time: A}, r: {D with _time: C}) => E,
    right: stream[{D with _time: C}], ?method: string) => stream[E] where A: Equatable, C:
    Equatable, E: Record
package sampledata
bool : (?includeNull: bool) => stream[A] where A: Record
float : (?includeNull: bool) => stream[A] where A: Record
int : (?includeNull: bool) => stream[{B with _value: int, _value: A}]
numericBool : (?includeNull: bool) => stream[{B with _value: int, _value: A}]
start : time
stop : time
string : (?includeNull: bool) => stream[A] where A: Record
uint : (?includeNull: bool) => stream[{B with _value: uint, _value: A}]
package testing
assertEmpty : (<-tables: stream[A]) => stream[A]
assertEqualValues : (got: A, want: A) => stream[{_diff: string, v: A}]
assertEquals : (<-got: stream[A], name: string, want: stream[A]) => stream[A]
shouldError : (fn: () => A, want: regexp) => stream[{v: string}]
)";

}  // namespace weir::query::flux
