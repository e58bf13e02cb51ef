#include "query/flux/signatures.h"

namespace weir::query::flux {

const std::string_view kServiceSignatures = R"(
package experimental/http
get : (url: string, ?headers: A, ?timeout: duration) => {headers: B, body: bytes, statusCode: int}
    where A: Record, B: Record
package experimental/mqtt
publish : (broker: string, message: string, topic: string, ?clientid: string, ?password: string,
    ?qos: int, ?retain: bool, ?timeout: duration, ?username: string) => bool
to : (<-tables: stream[A], broker: string, ?clientid: string, ?name: string, ?password: string,
    ?qos: int, ?retain: bool, ?tagColumns: [string], ?timeColumn: string, ?timeout: duration,
    ?topic: string, ?username: string, ?valueColumns: [string]) => stream[B] where A: Record, B:
    Record
package experimental/prometheus
scrape : (url: string) => stream[A] where A: Record
package experimental/record
get : (default: B, key: string, r: A) => B where A: Record
package http
basicAuth : (p: string, u: string) => string
endpoint : (url: string) => (mapFn: (r: A) => {C with headers: B, data: bytes}) => (<-tables:
    stream[A]) => stream[{A with _sent: string}] where B: Record
pathEscape : (inputString: string) => string
post : (url: string, ?data: bytes, ?headers: A) => int where A: Record
package http/requests experimental/http/requests
defaultConfig : {timeout: duration, insecureSkipVerify: bool}
do : (method: string, url: string, ?body: bytes, ?config: {A with insecureSkipVerify: bool,
    timeout: duration}, ?headers: [string:string], ?params: [string:[string]]) => {duration:
    duration, headers: [string:string], body: bytes, statusCode: int}
get : (url: string, ?body: bytes, ?config: {A with insecureSkipVerify: bool, timeout: duration},
    ?headers: [string:string], ?params: [string:[string]]) => {duration: duration, headers:
    [string:string], body: bytes, statusCode: int}
peek : (response: {A with statusCode: E, headers: D, duration: C, body: B}) => stream[{statusCode:
    E, headers: string, duration: int, body: string}]
post : (url: string, ?body: bytes, ?config: {A with insecureSkipVerify: bool, timeout: duration},
    ?headers: [string:string], ?params: [string:[string]]) => {duration: duration, headers:
    [string:string], body: bytes, statusCode: int}
package influxdata/influxdb
buckets : (?host: string, ?org: string, ?orgID: string, ?token: string) =>
    stream[{retentionPeriod: int, retentionPolicy: string, organizationID: string, id: string,
    name: string}]
cardinality : (start: A, ?bucket: string, ?bucketID: string, ?host: string, ?org: string, ?orgID:
    string, ?predicate: (r: {C with _value: B, _field: string, _measurement: string}) => bool,
    ?stop: D, ?token: string) => stream[{_value: int, _stop: time, _start: time}] where A:
    Timeable, D: Timeable
from : (?bucket: string, ?bucketID: string, ?host: string, ?org: string, ?orgID: string, ?token:
    string) => stream[{B with _value: A, _time: time, _field: string, _measurement: string}]
to : (<-tables: stream[A], ?bucket: string, ?bucketID: string, ?fieldFn: (r: A) => B, ?host:
    string, ?measurementColumn: string, ?org: string, ?orgID: string, ?tagColumns: [string],
    ?timeColumn: string, ?token: string) => stream[A] where A: Record, B: Record
wideTo : (<-tables: stream[A], ?bucket: string, ?bucketID: string, ?host: string, ?org: string,
    ?orgID: string, ?token: string) => stream[A] where A: Record
package influxdata/influxdb/monitor
bucket : string
check : (<-tables: stream[J], data: {E with _check_name: A, _check_id: B, _type: C, tags: D},
    messageFn: (r: {H with _measurement: string, _source_measurement: F, _type: C, _check_id: B,
    _check_name: A, _level: string, _source_timestamp: int, _time: time, _time: G, _measurement:
    F}) => I, ?crit: (r: {H with _time: G, _measurement: F}) => bool, ?info: (r: {H with _time: G,
    _measurement: F}) => bool, ?ok: (r: {H with _time: G, _measurement: F}) => bool, ?warn: (r: {H
    with _time: G, _measurement: F}) => bool) => stream[{H with _message: I, _measurement: string,
    _source_measurement: F, _type: C, _check_id: B, _check_name: A, _level: string,
    _source_timestamp: int, _time: time, _time: G, _measurement: F}] where D: Record, J: Record
deadman : (<-tables: stream[{C with _time: B}], t: A) => stream[{C with dead: bool, _time: B}]
    where A: Comparable, B: Comparable
from : (start: A, ?fn: (r: {C with _measurement: string, _stop: time, _start: time, _time: time,
    _value: B, _field: string}) => bool, ?stop: D) => stream[E] where E: Record
levelCrit : string
levelInfo : string
levelOK : string
levelUnknown : string
levelWarn : string
logs : (fn: (r: {B with _measurement: string, _stop: time, _start: time, _time: time, _value: A,
    _field: string}) => bool, start: C, ?stop: D) => stream[E] where E: Record
notify : (<-tables: stream[E], data: A, endpoint: (<-: stream[{C with _measurement: string,
    _status_timestamp: int, _time: time, _time: B}]) => stream[D]) => stream[D] where A: Record,
    D: Record, E: Record
stateChanges : (<-tables: stream[{D with _level: C}], ?fromLevel: A, ?toLevel: B) => stream[E]
    where A: Equatable, B: Equatable, C: Equatable, E: Record
stateChangesOnly : (<-tables: stream[{B with _level: A}]) => stream[C] where A: Equatable, C:
    Record
package influxdata/influxdb/sample
alignToNow : (<-tables: stream[A]) => stream[A] where A: Record
data : (set: string) => stream[A] where A: Record
package influxdata/influxdb/schema influxdata/influxdb/v1
fieldKeys : (bucket: string, ?predicate: (r: {B with _stop: time, _start: time, _time: time,
    _value: A, _field: string, _measurement: string}) => bool, ?start: C, ?stop: D) => stream[E]
    where E: Record
fieldsAsCols : (<-tables: stream[A]) => stream[B] where A: Record, B: Record
measurementFieldKeys : (bucket: string, measurement: A, ?start: B, ?stop: C) => stream[D] where A:
    Equatable, D: Record
measurementTagKeys : (bucket: string, measurement: A, ?start: B, ?stop: C) => stream[D] where A:
    Equatable, D: Record
measurementTagValues : (bucket: string, measurement: A, tag: string, ?start: B, ?stop: C) =>
    stream[D] where A: Equatable, D: Record
measurements : (bucket: string, ?start: A, ?stop: B) => stream[C] where C: Record
tagKeys : (bucket: string, ?predicate: (r: {B with _stop: time, _start: time, _time: time, _value:
    A, _field: string, _measurement: string}) => bool, ?start: C, ?stop: D) => stream[E] where E:
    Record
tagValues : (bucket: string, tag: string, ?predicate: (r: {B with _stop: time, _start: time,
    _time: time, _value: A, _field: string, _measurement: string}) => bool, ?start: C, ?stop: D)
    => stream[E] where E: Record
package influxdata/influxdb/secrets
get : (key: string) => string
package influxdata/influxdb/tasks
lastSuccess : (orTime: A) => time where A: Timeable
package influxdata/influxdb/v1
databases : (?host: string, ?org: string, ?orgID: string, ?token: string) => stream[{bucketID:
    string, default: bool, retentionPeriod: int, retentionPolicy: string, databaseName: string,
    organizationID: string}]
package pagerduty
actionFromLevel : (level: string) => string
actionFromSeverity : (severity: string) => string
dedupKey : (<-tables: stream[A], ?exclude: [string]) => stream[{A with _pagerdutyDedupKey: string}]
    where A: Record
endpoint : (?url: string) => (mapFn: (r: {A with _pagerdutyDedupKey: string}) => B) => (<-tables:
    stream[A]) => stream[{A with _pagerdutyDedupKey: string, _sent: string}] where B: Record
sendEvent : (class: A, client: B, clientURL: C, dedupKey: D, eventAction: E, group: F, routingKey:
    G, severity: H, source: I, summary: string, timestamp: J, ?component: K, ?customDetails: L,
    ?pagerdutyURL: string) => int where L: Equatable
severityFromLevel : (level: string) => string
package planner
disableLogicalRules : [string]
disablePhysicalRules : [string]
package profiler
enabledProfilers : [string]
package pushbullet
endpoint : (?token: A, ?url: string) => (mapFn: (r: B) => {E with title: C, text: D}) =>
    (<-tables: stream[B]) => stream[{B with _sent: string}]
pushData : (data: A, ?token: B, ?url: string) => int
pushNote : (text: A, title: B, ?token: C, ?url: string) => int
package slack
endpoint : (?token: string, ?url: string) => (mapFn: (r: A) => {D with channel: B, text: C, color:
    string}) => (<-tables: stream[A]) => stream[{A with _sent: string}]
message : (channel: A, color: string, text: B, ?token: string, ?url: string) => int
validateColorString : (color: string) => string
)";

}  // namespace weir::query::flux
