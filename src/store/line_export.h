// A bucket as line protocol, straight from a store's scan: one line a value, times in nanoseconds.
//
// Lines come by shard group, oldest first, within one by series, field and time; the same points
// give the same bytes. Floats are the shortest text that reads back to the same bits. What line
// protocol cannot say (NaN, a name with a line break, a tag that ends in a backslash) becomes a
// comment that names it. Memory: one chunk of rows. Writes that arrive meanwhile may be in or out.
// Used by api/weir/export on a worker thread: blocks on disk and on `write`.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "store/store.h"

namespace weir::store {

struct LineExport {
  BucketId bucket{};
  int64_t start_ns = kTimeMin;     // inclusive
  int64_t stop_ns = kTimeMax + 1;  // exclusive: the last instant is in
  PredicatePtr predicate = {};     // over tags, _measurement and _field; null: everything
  int64_t shard_group_ns = 0;      // the bucket's: a field keeps its type within one group
};

// `write` takes whole lines, some tens of KiB at a time, and returns false to break off.
Result<void> export_lines(Store& store, const LineExport& wanted,
                          const std::function<bool(std::string_view)>& write);

}  // namespace weir::store
