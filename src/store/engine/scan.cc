// EngineCore: scans.
#include <algorithm>

#include "store/engine/engine_core.h"
#include "store/engine/scan_cursors.h"

namespace weir::store {

Result<std::unique_ptr<ScanCursor>> EngineCore::scan(const ScanSpec& spec) {
  WEIR_TRY(BucketPtr bucket, find(spec.bucket));
  auto plan = std::make_shared<ScanPlan>();
  plan->spec = spec;
  plan->bucket = bucket;
  plan->chunks = chunks_.get();
  Roaring candidates, chosen;
  {
    std::shared_lock lock(bucket->index.mutex());
    bool exact = true;
    candidates = bucket->index.select(spec.predicate.get(), exact);
  }
  plan->wants_newest = spec.aggregate == Aggregate::last && spec.window_every_ns <= 0 &&
                       (spec.predicate == nullptr || !tests_value(*spec.predicate));
  if (spec.start_ns < spec.stop_ns) {
    std::lock_guard lock(bucket->head.mutex());
    bucket->head.visit_groups(spec.start_ns, spec.stop_ns - 1,
                              [&](ShardGroup& group) { chosen |= group.live & candidates; });
    const LastValues& known = bucket->last_values;
    plan->is_in_memory =
        plan->wants_newest &&
        std::all_of(chosen.begin(), chosen.end(), [&](SeriesId id) { return known.knows(id); });
  }
  plan->series.resize(chosen.cardinality());
  chosen.toUint32Array(plan->series.data());
  {
    std::shared_lock lock(bucket->index.mutex());
    bucket->index.sort_by_key(plan->series);
  }
  return scan_plan(std::move(plan), scan_threads_);
}

}  // namespace weir::store
