// Tables out of a store's scan: one for each series and field that has a row in range.
//
// Columns: _start, _stop, _time, _value, then the tags together with _field and _measurement,
// sorted by label; all but _time and _value form the group key. Order is the scan's: measurement,
// tags, field. Chunks are the store's (InfluxDB: storage/flux reader).
#pragma once

#include <string>

#include "query/exec/table.h"
#include "store/store.h"

namespace weir::query {

struct ScanShape {
  store::ScanSpec spec;
  // Leave out _time: what aggregates other than selectors yield.
  bool with_time = true;
  // For windowed scans: every window of the range is a row, those without points with a null, or
  // with 0 for count; _time is the window's end, or its start.
  bool create_empty = false;
  bool time_from_start = false;
};

// The group key of a series' table and, with its values' type, the table's columns.
GroupKey series_key(const store::ScanSeries& series, const store::ScanSpec& spec);
Columns series_columns(const GroupKey& key, ColumnType value_type, bool with_time);
// Tags of these names have no column: it is the point's own.
bool is_own_label(std::string_view label);

Result<CursorPtr> scan_tables(ExecContext& context, ScanShape shape);

// The bucket a FromSpec names, or Errc::not_found `could not find bucket "x"`.
struct FromSpec;
Result<BucketId> find_bucket(ExecContext& context, const FromSpec& from);

}  // namespace weir::query
