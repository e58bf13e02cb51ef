// A bucket as line protocol, straight from a store's scan: one line a value, times in nanoseconds.
//
// Lines come in the order of scan_by_group(); the same points give the same bytes. Floats are the
// shortest text that reads back to the same bits. What line protocol cannot say (NaN, a name with a
// line break, a tag that ends in a backslash) becomes a comment that names it. Memory: one chunk of
// rows. Writes that arrive meanwhile may be in or out. Used by api/weir/export on a worker thread:
// blocks on disk and on `write`.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "store/group_scan.h"

namespace weir::store {

using LineExport = GroupScan;

// `write` takes whole lines, some tens of KiB at a time, and returns false to break off.
Result<void> export_lines(Store& store, const LineExport& wanted,
                          const std::function<bool(std::string_view)>& write);

}  // namespace weir::store
