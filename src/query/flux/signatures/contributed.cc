#include "query/flux/signatures.h"

namespace weir::query::flux {

const std::string_view kContributedSignatures = R"(
package contrib/anaisdg/anomalydetection
mad : (<-table: stream[B], ?threshold: A) => stream[{D with level: string, _value: C, _value_diff:
    C, _value_diff_med: C}] where A: Comparable + Equatable, B: Record, C: Comparable + Divisible
    + Equatable
package contrib/anaisdg/statsmodels
linearRegression : (<-tables: stream[A]) => stream[{H with errors: float, y: float, y_hat: float,
    slope: B, sx: C, sxy: D, sxx: E, N: F, sy: G, x: float}] where A: Record, B: Divisible +
    Subtractable
package contrib/bonitoo-io/alerta
alert : (apiKey: string, attributes: A, event: B, resource: C, severity: D, url: string,
    ?environment: E, ?group: F, ?origin: G, ?service: H, ?tags: I, ?text: J, ?timestamp: K, ?type:
    L, ?value: M) => int
package contrib/bonitoo-io/servicenow
event : (description: A, password: string, severity: string, url: string, username: string,
    ?additionalInfo: B, ?messageKey: C, ?metricName: D, ?metricType: E, ?node: F, ?resource: G,
    ?source: H) => int
package contrib/bonitoo-io/tickscript
alert : (<-tables: stream[M], check: {E with _check_name: A, _check_id: B, _type: C, tags: D},
    ?crit: (r: {H with _time: F, _measurement: G}) => bool, ?details: (r: {J with id: I,
    _check_id: B, _check_name: A}) => K, ?id: (r: {J with _check_id: B, _check_name: A}) => I,
    ?info: (r: {H with _time: F, _measurement: G}) => bool, ?message: (r: {H with _measurement:
    string, _source_measurement: G, _type: C, _check_id: B, _check_name: A, _level: string,
    _source_timestamp: int, _time: time, _time: F, _measurement: G}) => L, ?ok: (r: {H with _time:
    F, _measurement: G}) => bool, ?topic: string, ?warn: (r: {H with _time: F, _measurement: G})
    => bool) => stream[{H with _message: L, _measurement: string, _source_measurement: G, _type:
    C, _check_id: B, _check_name: A, _level: string, _source_timestamp: int, _time: time, _time:
    F, _measurement: G}] where D: Record, J: Record, M: Record
compute : (<-tables: B, as: string, ?column: A, ?fn: (<-: B, column: A) => stream[C]) => stream[D]
    where A: Equatable, C: Record, D: Record
deadman : (<-tables: stream[M], check: {E with _check_name: A, _check_id: B, _type: C, tags: D},
    measurement: string, ?id: (r: {F with _check_id: B, _check_name: A}) => G, ?message: (r: {J
    with _measurement: string, _source_measurement: H, _type: C, _check_id: B, _check_name: A,
    _level: string, _source_timestamp: int, _time: time, _time: I, _measurement: H, dead: bool})
    => K, ?threshold: L, ?topic: string) => stream[{J with _message: K, _measurement: string,
    _source_measurement: H, _type: C, _check_id: B, _check_name: A, _level: string,
    _source_timestamp: int, _time: time, _time: I, _measurement: H, dead: bool}] where D: Record,
    F: Record, L: Comparable + Equatable, M: Record
defineCheck : (id: A, name: B, ?type: C) => {_check_id: A, _check_name: B, _type: C, tags: {}}
groupBy : (<-tables: stream[A], columns: [string]) => stream[A] where A: Record
join : (measurement: A, tables: B, ?on: [string]) => stream[{C with _measurement: A}] where B:
    Record, C: Record
select : (<-tables: B, as: string, ?column: A, ?fn: (<-: B, column: A) => stream[C]) => stream[D]
    where A: Equatable, C: Record, D: Record
selectWindow : (<-tables: stream[D], as: string, defaultValue: A, every: duration, fn: (<-:
    stream[B], column: string) => stream[C], ?column: string) => stream[E] where B: Record, C:
    Record, D: Record, E: Record
package contrib/bonitoo-io/victorops
alert : (messageType: A, url: string, ?entityDisplayName: B, ?entityID: C, ?monitoringTool: D,
    ?stateMessage: E, ?timestamp: F) => int
package contrib/bonitoo-io/zenoss
event : (severity: A, url: string, ?action: B, ?apiKey: string, ?collector: C, ?component: D,
    ?device: E, ?eventClass: F, ?eventClassKey: G, ?message: H, ?method: I, ?password: string,
    ?summary: J, ?tid: K, ?type: L, ?username: string) => int
package contrib/chobbs/discord
endpoint : (username: A, webhookID: string, webhookToken: string, ?avatar_url: B) => (mapFn: (r: C)
    => {D with content: E}) => (<-tables: stream[C]) => stream[{C with _sent: string}]
send : (content: A, username: B, webhookID: string, webhookToken: string, ?avatar_url: C) => int
package contrib/qxip/hash
b64 : (v: A) => string
hmac : (k: A, v: A) => string
md5 : (v: A) => string
sha1 : (v: A) => string
sha256 : (v: A) => string
xxhash64 : (v: A) => string
package contrib/rhajek/bigpanda
sendAlert : (appKey: A, rec: B, status: C, token: string, url: string) => int where B: Record
statusFromLevel : (level: string) => string
package contrib/sranka/opsgenie
respondersToJSON : (v: [string]) => string
sendAlert : (apiKey: string, message: string, ?actions: A, ?alias: string, ?description: string,
    ?details: B, ?entity: string, ?priority: string, ?responders: [string], ?tags: C, ?url:
    string, ?visibleTo: [string]) => int where B: Stringable
package contrib/sranka/sensu
event : (apiKey: string, checkName: string, text: A, url: string, ?entityName: string, ?handlers:
    B, ?namespace: string, ?state: string, ?status: int) => int
toSensuName : (v: string) => string
package contrib/sranka/teams
endpoint : (url: string) => (mapFn: (r: A) => {C with title: B, text: string, summary: string}) =>
    (<-tables: stream[A]) => stream[{A with _sent: string}]
message : (text: string, title: A, url: string, ?summary: string) => int
package contrib/sranka/telegram
endpoint : (token: string, ?disableWebPagePreview: A, ?parseMode: B, ?url: string) => (mapFn: (r:
    C) => {G with channel: D, text: E, silent: F}) => (<-tables: stream[C]) => stream[{C with
    _sent: string}]
message : (channel: A, text: B, token: string, ?disableWebPagePreview: C, ?parseMode: D, ?silent:
    E, ?url: string) => int
package contrib/sranka/webexteams
endpoint : (token: string, ?url: string) => (mapFn: (r: A) => {B with roomId: C, text: D,
    markdown: E}) => (<-tables: stream[A]) => stream[{A with _sent: string}]
message : (markdown: A, roomId: B, text: C, token: string, ?url: string) => int
package contrib/tomhollingworth/events
duration : (<-tables: stream[A], ?columnName: string, ?stop: time, ?stopColumn: string,
    ?timeColumn: string, ?unit: duration) => stream[B] where A: Record, B: Record
)";

}  // namespace weir::query::flux
