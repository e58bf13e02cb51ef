// What window() and aggregateWindow() share: their arguments, and the time their windows lie in.
#pragma once

#include <map>

#include "query/exec/functions/kit.h"
#include "query/exec/windows.h"

namespace weir::query {

// every, period, offset and location.
Result<Windows> window_arguments(CallContext& call, const Arguments& arguments);

// The bounds of the range() calls that a pipeline went through, if any.
std::optional<Bounds> range_bounds(const StreamNode& stream);

struct WindowColumns {
  std::string time = "_time", start = "_start", stop = "_stop";
};
// Windows are clipped to the pipeline's range, or to the table's own bounds; `known` is false if
// neither exists, and the bounds are then all of time.
struct TableBounds {
  Bounds bounds;
  bool known = false;
};
TableBounds bounds_of(const Table& table, const std::optional<Bounds>& range,
                      const WindowColumns& names);
Bounds clip(const Bounds& window, const Bounds& to);

// Runs of rows [begin, end) by window, in the order of windows. Rows without a time are in none.
struct Run {
  size_t begin, end;
};
using WindowedRows = std::map<int64_t, std::vector<Run>>;
Result<WindowedRows> windowed_rows(ExecContext& context, const Windows& windows,
                                   const Column& times, size_t rows, const Bounds& within);
// Adds windows without rows to those that have some.
Result<void> add_empty_windows(ExecContext& context, const Windows& windows, const Bounds& within,
                               WindowedRows& rows);

struct WindowOptions {
  Windows windows;
  WindowColumns names;
  bool create_empty = false;
  std::optional<Bounds> range;
};
Operation window_operation(WindowOptions options);

// Gives an empty table one row, null but for the key.
Operation fill_empty_tables();

}  // namespace weir::query
