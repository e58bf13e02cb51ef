// The packages influxdata/influxdb/schema and .../v1: measurements, tags and fields of a bucket.
//
// They are pipelines of the library's own functions; push_down.h answers those from the index.
#include "query/exec/functions/kit.h"

namespace weir::query {

namespace {

constexpr std::string_view kSchemaScript = R"(
tagValues = (bucket, tag, predicate=(r) => true, start=-30d, stop=now()) =>
    from(bucket: bucket)
        |> range(start: start, stop: stop)
        |> filter(fn: predicate)
        |> keep(columns: [tag])
        |> group()
        |> distinct(column: tag)

tagKeys = (bucket, predicate=(r) => true, start=-30d, stop=now()) =>
    from(bucket: bucket)
        |> range(start: start, stop: stop)
        |> filter(fn: predicate)
        |> keys()
        |> keep(columns: ["_value"])
        |> distinct()

measurements = (bucket, start=-30d, stop=now()) =>
    tagValues(bucket: bucket, tag: "_measurement", start: start, stop: stop)

fieldKeys = (bucket, predicate=(r) => true, start=-30d, stop=now()) =>
    tagValues(bucket: bucket, tag: "_field", predicate: predicate, start: start, stop: stop)

measurementTagValues = (bucket, measurement, tag, start=-30d, stop=now()) =>
    tagValues(
        bucket: bucket,
        tag: tag,
        predicate: (r) => r._measurement == measurement,
        start: start,
        stop: stop,
    )

measurementTagKeys = (bucket, measurement, start=-30d, stop=now()) =>
    tagKeys(
        bucket: bucket,
        predicate: (r) => r._measurement == measurement,
        start: start,
        stop: stop,
    )

measurementFieldKeys = (bucket, measurement, start=-30d, stop=now()) =>
    fieldKeys(
        bucket: bucket,
        predicate: (r) => r._measurement == measurement,
        start: start,
        stop: stop,
    )

fieldsAsCols = (tables=<-) =>
    tables |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
)";

}  // namespace

void register_schema(Registry& registry) {
  registry.add_script("influxdata/influxdb/schema", kSchemaScript);
  registry.add_script("influxdata/influxdb/v1", kSchemaScript);
}

}  // namespace weir::query
