// Push-down: which ends of a pipeline a store can compute itself.
//
// Recognised over `from |> range`: filters (predicate.h), the seven aggregates, alone or by window,
// also after group (grouped_scan.h), limit, and the questions of query builders for tag keys and
// values. What comes out is what the operators would give, row for row, but for the last digits of
// sums of floats over several series, which are added up series by series; ExecContext::push_down
// switches all but `from |> range` off, and the tests compare. Spec: InfluxDB's planner does the
// same (query/stdlib/influxdata/influxdb/rules.go).
#pragma once

#include "query/plan/stream.h"

namespace weir::query {

// The opened pipeline, or null if `stream` must be computed by its operator.
Result<CursorPtr> push_down(ExecContext& context, const TableStream& stream);

// A pipeline that asks for the tag keys or the values of a tag: `keys |> keep |> distinct` and
// `keep |> group |> distinct`. Its answer is sorted, whoever gives it.
bool asks_for_schema(const TableStream& stream);

}  // namespace weir::query
