// All points of a bucket in the order in which they are taken out: by shard group, oldest first,
// within one by series, field and time. A field has one type within a group.
//
// Memory: one chunk of rows. Writes that arrive meanwhile may be in or out. Blocks on disk and on
// `visit`; for worker threads.
#pragma once

#include <cstdint>
#include <functional>

#include "store/store.h"

namespace weir::store {

struct GroupScan {
  BucketId bucket{};
  int64_t start_ns = kTimeMin;     // inclusive
  int64_t stop_ns = kTimeMax + 1;  // exclusive: the last instant is in
  PredicatePtr predicate = {};     // over tags, _measurement and _field; null: everything
  int64_t shard_group_ns = 0;      // the bucket's
};

// `visit` returns false to break off, which is no error.
Result<void> scan_by_group(
    Store& store, const GroupScan& wanted,
    const std::function<bool(const ScanSeries&, const model::ColumnChunk&)>& visit);

}  // namespace weir::store
