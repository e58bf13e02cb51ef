// ExecContext: what an operator needs while a query runs, and the query's limits.
//
// One per query, on the query's thread; `canceled` is set by others. check() is called between
// chunks and between rows of long loops.
#pragma once

#include <atomic>

#include "base/clock.h"
#include "query/exec/column.h"
#include "query/query.h"
#include "store/store.h"

namespace weir::query {

struct ResultProfile;
class Outgoing;

struct ExecContext {
  ExecContext(store::Store& s, const Catalog& c, const Clock& k) : store(s), catalog(c), clock(k) {}

  store::Store& store;
  const Catalog& catalog;
  const Clock& clock;
  int64_t now_ns = 0;
  int64_t deadline_ms = 0;  // of clock.steady_ms()
  const std::atomic<bool>* canceled = nullptr;
  Outgoing* outgoing = nullptr;  // null: other hosts are not to be reached
  bool push_down = true;         // off: only what from() needs; tests compare both
  bool vectorise = true;         // off: lambdas row by row; tests compare both
  MemoryTracker memory;
  uint64_t rows_max = 0;      // of the answer; 0: any number
  size_t streams_opened = 0;  // by open(), at most kStreamsOpenedMax
  Statistics statistics;
  ResultProfile* profile = nullptr;  // where open() notes its calls, if anybody asked
  size_t profile_depth = 0;

  // Fails when the client left, time is up or tables hold too much memory; `more_bytes` are about
  // to be held besides.
  Result<void> check(size_t more_bytes = 0) const;
  // These rows are about to be part of the answer. Errc::too_large if there are too many.
  Result<void> count_rows(size_t rows);
};

}  // namespace weir::query
