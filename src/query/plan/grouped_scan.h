// Tables out of a store's scan of an aggregate over group(): one for each group, as group() and
// then the aggregate, or aggregateWindow(), would give.
//
// The store gives each series' rows, one a window; they are put together here, a row for each group
// and window, so what is held is the answer and not the points. Groups are in the order of their
// keys. In a group, series come in the scan's order: first is the first row of the first series,
// last the last row of the last, and of equal extremes the first stays. Sums of floats add up one
// sum a series. Memory counts against the query. Used by push_down.cc.
#pragma once

#include "query/exec/table.h"
#include "query/plan/stream.h"
#include "store/store.h"

namespace weir::query {

struct GroupedShape {
  store::ScanSpec spec;  // with an aggregate
  GroupSpec group;       // not by _time nor _value
  // For windowed scans, as in ScanShape.
  bool create_empty = false;
  bool time_from_start = false;
};

Result<CursorPtr> grouped_scan(ExecContext& context, GroupedShape shape);

}  // namespace weir::query
