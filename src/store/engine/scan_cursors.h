// Cursors over a scan's plan: its series in blocks, read one after the other or by two threads.
//
// A small scan is frozen as a whole when it begins. A large one is frozen block by block as it gets
// there, so that it neither holds the head rows of a million series nor keeps old chunks from being
// freed: then each series is read as of one moment, not all as of the same.
// By threads: each takes the next block and hands its series over in the order of the plan, so the
// answer is the same. What waits is bounded in bytes and blocks.
#pragma once

#include <atomic>

#include "store/engine/series_scanner.h"

namespace weir::store {

// Series of a plan that are frozen together.
inline constexpr size_t kFrozenSeriesMax = 4096;
// A scan of fewer series is not worth waking threads for.
inline constexpr size_t kParallelSeriesMin = 16;
// Threads that scans have beside their callers', all together: what one query gains on a machine
// with few cores, and what a second one does not lose.
inline constexpr int kScanThreadsMax = 2;

// The whole plan. `threads_in_use` counts the threads of all cursors of a store.
std::unique_ptr<ScanCursor> scan_plan(ScanPlanPtr plan, std::atomic<int>& threads_in_use);

}  // namespace weir::store
