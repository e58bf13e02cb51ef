// Packages influxdata/influxdb/monitor, tasks and secrets: checks that give statuses, the changes
// of these, and their notifications.
#include "query/exec/functions/kit.h"
#include "query/exec/functions/packages.h"

namespace weir::query {

namespace {

using flux::Value;

constexpr std::string_view kMonitor = R"(
import "experimental"
import "influxdata/influxdb"
import "influxdata/influxdb/schema"

bucket = "_monitoring"
levelOK = "ok"
levelInfo = "info"
levelWarn = "warn"
levelCrit = "crit"
levelUnknown = "unknown"

option write = (tables=<-) => tables |> experimental.to(bucket: bucket)
option log = (tables=<-) => tables |> experimental.to(bucket: bucket)

_stored = (start, stop, measurement, fn) =>
    influxdb.from(bucket: bucket)
        |> range(start: start, stop: stop)
        |> filter(fn: (r) => r._measurement == measurement)
        |> filter(fn: fn)
        |> schema.fieldsAsCols()
from = (start, stop=now(), fn=(r) => true) =>
    _stored(start: start, stop: stop, measurement: "statuses", fn: fn)
logs = (start, stop=now(), fn) =>
    _stored(start: start, stop: stop, measurement: "notifications", fn: fn)

// Rows at which a number of the level, in the order of time, changes as wanted.
_changes = (tables=<-, number, wanted) =>
    tables
        |> map(fn: (r) => ({r with level_value: number(r: r)}))
        |> duplicate(column: "_level", as: "____temp_level____")
        |> drop(columns: ["_level"])
        |> rename(columns: {"____temp_level____": "_level"})
        |> sort(columns: ["_source_timestamp", "_time"], desc: false)
        |> difference(columns: ["level_value"])
        |> filter(fn: wanted)
        |> drop(columns: ["level_value"])
        |> experimental.group(mode: "extend", columns: ["_level"])

stateChangesOnly = (tables=<-) =>
    tables
        |> _changes(
            number: (r) =>
                if r._level == levelCrit then 4
                else if r._level == levelWarn then 3
                else if r._level == levelInfo then 2
                else if r._level == levelOK then 1
                else 0,
            wanted: (r) => r.level_value != 0,
        )

_stateChanges = (tables=<-, fromLevel, toLevel) => {
    reached = if toLevel == "any"
        then (r) => r._level != fromLevel and exists r._level
        else (r) => r._level == toLevel
    left = if fromLevel == "any"
        then (r) => r._level != toLevel and exists r._level
        else (r) => r._level == fromLevel

    return tables
        |> _changes(
            number: (r) => if reached(r: r) then 1 else if left(r: r) then 0 else -10,
            wanted: (r) => r.level_value == 1,
        )
}
stateChanges = (tables=<-, fromLevel="any", toLevel="any") =>
    if fromLevel == "any" and toLevel == "any" then
        tables |> stateChangesOnly()
    else
        tables |> _stateChanges(fromLevel: fromLevel, toLevel: toLevel)

deadman = (tables=<-, t) =>
    tables |> max(column: "_time") |> map(fn: (r) => ({r with dead: r._time < t}))

_tagged = (tables=<-, tags) =>
    tables
        |> experimental.set(o: tags)
        |> experimental.group(mode: "extend", columns: experimental.objectKeys(o: tags))

check = (
    tables=<-,
    data,
    messageFn,
    crit=(r) => false,
    warn=(r) => false,
    info=(r) => false,
    ok=(r) => true,
) =>
    tables
        |> _tagged(tags: data.tags)
        |> map(
            fn: (r) => ({r with
                _measurement: "statuses",
                _source_measurement: r._measurement,
                _type: data._type,
                _check_id: data._check_id,
                _check_name: data._check_name,
                _level:
                    if crit(r: r) then levelCrit
                    else if warn(r: r) then levelWarn
                    else if info(r: r) then levelInfo
                    else if ok(r: r) then levelOK
                    else levelUnknown,
                _source_timestamp: int(v: r._time),
                _time: now(),
            }),
        )
        |> map(fn: (r) => ({r with _message: messageFn(r: r)}))
        |> experimental.group(
            mode: "extend",
            columns: ["_source_measurement", "_type", "_check_id", "_check_name", "_level"],
        )
        |> write()

notify = (tables=<-, endpoint, data={}) =>
    tables
        |> _tagged(tags: data)
        |> map(
            fn: (r) => ({r with
                _measurement: "notifications",
                _status_timestamp: int(v: r._time),
                _time: now(),
            }),
        )
        |> endpoint()
        |> experimental.group(mode: "extend", columns: ["_sent"])
        |> log()
)";

constexpr std::string_view kTickscript = R"(
import "array"
import "experimental"
import "influxdata/influxdb/monitor"
import "universe"

defineCheck = (id, name, type="custom") =>
    ({_check_id: id, _check_name: name, _type: type, tags: {}})

alert = (
    tables=<-,
    check,
    id=(r) => "${r._check_id}",
    details=(r) => "",
    message=(r) => "Threshold Check: ${r._check_name} is: ${r._level}",
    crit=(r) => false,
    warn=(r) => false,
    info=(r) => false,
    ok=(r) => true,
    topic="",
) => {
    withTopic = if topic == ""
        then (tables=<-) => tables
        else (tables=<-) =>
            tables
                |> set(key: "_topic", value: topic)
                |> experimental.group(mode: "extend", columns: ["_topic"])

    return tables
        |> drop(fn: (column) => column =~ /_start.*/ or column =~ /_stop.*/)
        |> map(
            fn: (r) => ({r with _check_id: check._check_id, _check_name: check._check_name}),
        )
        |> map(fn: (r) => ({r with id: id(r: r)}))
        |> map(fn: (r) => ({r with details: details(r: r)}))
        |> withTopic()
        |> monitor.check(
            crit: crit,
            warn: warn,
            info: info,
            ok: ok,
            messageFn: message,
            data: check,
        )
}

deadman = (
    tables=<-,
    check,
    measurement,
    threshold=0,
    id=(r) => "${r._check_id}",
    message=(r) => "Deadman Check: ${r._check_name} is: " + (if r.dead then "dead" else "alive"),
    topic="",
) => {
    // One row of its own tells a stream without tables from one with them.
    lone = array.from(rows: [{_time: 2000-01-01T00:00:00Z, _measurement: measurement}])
        |> group(columns: ["_measurement"])
    counts = union(tables: [lone, tables])
        |> keep(columns: ["_measurement", "_time"])
        |> duplicate(column: "_measurement", as: "__value__")
        |> count(column: "__value__")
        |> findColumn(fn: (key) => key._measurement == measurement, column: "__value__")
    observed = if counts[0] == 1
        then lone |> drop(columns: ["_time"]) |> limit(n: 0)
        else tables

    return observed
        |> duplicate(column: "_measurement", as: "__value__")
        |> count(column: "__value__")
        |> map(fn: (r) => ({r with _time: now()}))
        |> map(fn: (r) => ({r with dead: r.__value__ <= threshold}))
        |> drop(columns: ["__value__"])
        |> alert(check: check, id: id, message: message, crit: (r) => r.dead, topic: topic)
}

select = (tables=<-, column="_value", fn=(column, tables=<-) => tables, as) => {
    from = column

    return tables
        |> fn(column: column)
        |> rename(fn: (column) => if column == from then as else column)
}
compute = select
selectWindow = (tables=<-, column="_value", fn, as, every, defaultValue) => {
    from = column

    return tables
        |> aggregateWindow(every: every, fn: fn, column: column, createEmpty: true)
        |> fill(column: column, value: defaultValue)
        |> rename(fn: (column) => if column == from then as else column)
}
groupBy = (tables=<-, columns) =>
    tables
        |> group(columns: columns)
        |> experimental.group(columns: ["_measurement"], mode: "extend")
join = (tables, on=["_time"], measurement) =>
    universe.join(tables: tables, on: on)
        |> map(fn: (r) => ({r with _measurement: measurement}))
        |> experimental.group(mode: "extend", columns: ["_measurement"])
)";

constexpr std::string_view kTasks = R"(
option lastSuccessTime = 0000-01-01T00:00:00Z
lastSuccess = (orTime) => _lastSuccess(orTime: orTime, lastSuccessTime: lastSuccessTime)
)";

// A year before 1678 is no time that nanoseconds can say: it stands for "never".
constexpr int64_t kNever = INT64_MIN;

Result<Value> last_success(CallContext& call, const Arguments& arguments) {
  WEIR_TRY(int64_t last, arguments.time_ns("lastSuccessTime"));
  if (last != kNever) return Value::of_time(last);
  WEIR_TRY(int64_t otherwise, arguments.time_or_relative_ns(call, "orTime"));
  return Value::of_time(otherwise);
}

Result<Value> secret(CallContext&, const Arguments& arguments) {
  WEIR_TRY(std::string key, arguments.string("key"));
  return Error{Errc::not_found,
               "failed to retrieve secret: key \"" + key + "\" not found; this server keeps none"};
}

}  // namespace

void register_monitoring(Registry& registry) {
  registry.add_script("influxdata/influxdb/monitor", kMonitor);
  registry.add_script("contrib/bonitoo-io/tickscript", kTickscript);
  constexpr std::string_view kTasksPath = "influxdata/influxdb/tasks";
  registry.add_function(kTasksPath, "_lastSuccess",
                        "(orTime: time|duration|int, lastSuccessTime: time)", last_success);
  registry.add_script(kTasksPath, kTasks);
  registry.add_function("influxdata/influxdb/secrets", "get", "(key: string)", secret);
}

}  // namespace weir::query
