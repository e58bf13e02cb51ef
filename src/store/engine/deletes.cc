// EngineCore: deletes. A delete is a log record. Applied, it removes rows from the head and hides
// older cells of chunks from scans; then it is acknowledged. The chunks themselves are rewritten
// without those cells, or removed, in slices (removal_work.h), and it is forgotten. Until a
// checkpoint its record stays in the log, so that a stop in between repeats the rewriting.
#include <algorithm>

#include "base/log.h"
#include "store/engine/engine_core.h"
#include "store/engine/removal_filter.h"

namespace weir::store {
namespace {

// Bytes of chunks between two moments at which others may have the maintenance mutex; some
// milliseconds.
constexpr uint64_t kSliceBytes = 2 * 1024 * 1024;
// Every scan looks at the deletes that wait: more of them, and a delete first waits for others.
constexpr size_t kRemovalsMax = 64;
// How long the background works on deletes before it pauses for those who wait for the mutex, a
// delete's caller or a new bucket.
constexpr auto kTurn = std::chrono::milliseconds(20), kPause = std::chrono::milliseconds(1);

using SteadyTime = std::chrono::steady_clock::time_point;

}  // namespace

Result<void> EngineCore::remove(const DeleteSpec& spec) {
  if (spec.predicate != nullptr && tests_value(*spec.predicate)) {
    return Error{Errc::invalid, "a delete predicate cannot compare _value"};
  }
  WEIR_TRY(BucketPtr bucket, find(spec.bucket));
  RemovalRecord record{bucket->number, spec.start_ns, std::min(spec.stop_ns, kTimeMax),
                       spec.predicate};
  // Rows that the log has failed to write may yet be found by the next start: no delete before that
  // can say that they are gone.
  WEIR_CHECK(log_->health());
  // What is not in the head yet is not acknowledged yet: it may as well come after the delete.
  if (!touches_anything(*bucket, record)) return {};
  WEIR_CHECK(log_->submit_and_wait(RecordType::removal, encode(record)));
  if (Result<void> done = begin_removal(*bucket); !done.ok()) {
    log::warn("store", "a delete is in the log, its chunks are tried again: {}",
              done.error().message);
  }
  if (options_.background && removals_waiting() > 0) wake_maintenance();
  return {};
}

// A small delete is carried out at once, so that the names it takes are gone with it.
Result<void> EngineCore::begin_removal(Bucket& bucket) {
  SteadyTime now = std::chrono::steady_clock::now();
  if (removals_waiting() > kRemovalsMax) return carry_out_removals(now + std::chrono::hours(1));
  SteadyTime until = now + options_.delete_wait;
  std::unique_lock maintenance(maintenance_, until);
  return maintenance.owns_lock() ? work_on_removals(bucket, until) : Result<void>();
}

bool EngineCore::touches_anything(Bucket& bucket, const RemovalRecord& record) const {
  std::shared_lock index_lock(bucket.index.mutex());
  bool exact = true;
  Roaring candidates = bucket.index.select(record.predicate.get(), exact);
  if (candidates.isEmpty()) return false;
  bool found = false;
  std::lock_guard head_lock(bucket.head.mutex());
  bucket.head.visit_groups(record.start_ns, record.stop_ns,
                           [&](ShardGroup& group) { found |= group.live.intersect(candidates); });
  return found;
}

// On the log's thread, in order with the rows around it.
void EngineCore::apply_removal(Bucket& bucket, uint64_t lsn, const RemovalRecord& record) {
  std::shared_lock index_lock(bucket.index.mutex());
  bool exact = true;
  Roaring candidates = bucket.index.select(record.predicate.get(), exact);
  std::lock_guard head_lock(bucket.head.mutex());
  bucket.head.visit_groups(record.start_ns, record.stop_ns, [&](ShardGroup& group) {
    for (SeriesId series : group.live& candidates) {
      bucket.last_values.forget_within(series, record.start_ns, record.stop_ns);
      if (!group.series.contains(series)) continue;
      std::optional<RemovalFilter> filter;
      if (!exact) filter.emplace(bucket.index, series, record.predicate);
      auto removes = [&](LayoutField field) { return !filter || filter->removes(field.field); };
      bucket.head.remove(group, series, record.start_ns, record.stop_ns, removes);
    }
  });
  bucket.head.removals().push_back({lsn, record.start_ns, record.stop_ns, record.predicate});
}

// Carries out the bucket's deletes until all are done, or that time has come; at least a slice.
// With maintenance_ held.
Result<void> EngineCore::work_on_removals(Bucket& bucket, SteadyTime until) {
  while (true) {
    std::optional<Removal> first;
    {
      std::lock_guard lock(bucket.head.mutex());
      if (!bucket.head.removals().empty()) first = bucket.head.removals().front();
    }
    if (!first) return {};
    if (bucket.removal_work == nullptr) {
      bucket.removal_work = std::make_unique<RemovalWork>(bucket, *chunks_, *first);
    }
    bool done = false;
    while (!done) {
      WEIR_TRY(done, bucket.removal_work->step(kSliceBytes, log_.get()));
      if (!done && std::chrono::steady_clock::now() >= until) return {};
    }
    for (const auto& [start, bytes] : bucket.removal_work->freed()) {
      give_back(ChunkKey::group_prefix(bucket.number, start), bytes);
    }
    bucket.removal_work = nullptr;
    std::lock_guard lock(bucket.head.mutex());
    std::erase_if(bucket.head.removals(),
                  [&](const Removal& removal) { return removal.lsn == first->lsn; });
  }
}

// While the log is replayed. Chunks are left to the background, as they were before the stop, until
// a field gets a type: deletes before it may have taken the last values of another one, and no
// chunk may show them beside it.
Result<void> EngineCore::replay_removal(Bucket& bucket, const LogRecord& record,
                                        const RemovalRecord& removal) {
  apply_removal(bucket, record.lsn, removal);
  return bucket.head.removals().size() > kRemovalsMax ? finish_removals(bucket) : Result<void>();
}

Result<void> EngineCore::finish_removals(Bucket& bucket) {
  return work_on_removals(bucket, SteadyTime::max());
}

// A delete only hides chunks: their space comes back when what is below the key prefix is
// compacted, which rewrites all of it.
void EngineCore::give_back(std::string prefix, uint64_t bytes) {
  constexpr uint64_t kPart = 4;                           // it must be a quarter of it
  constexpr uint64_t kCheckpointBytes = 8 * 1024 * 1024;  // less waits for the usual checkpoint
  if (bytes < chunks_->disk_bytes(prefix) / kPart) return;
  removed_prefixes_.insert(std::move(prefix));
  if (bytes >= kCheckpointBytes) checkpoint_wanted_ = true;
}

size_t EngineCore::removals_waiting() const {
  size_t count = 0;
  for (const BucketPtr& bucket : all_buckets()) {
    std::lock_guard lock(bucket->head.mutex());
    count += bucket->head.removals().size();
  }
  return count;
}

// All buckets' deletes; the mutex is free between turns.
Result<void> EngineCore::carry_out_removals(SteadyTime until) {
  while (removals_waiting() > 0 && std::chrono::steady_clock::now() < until) {
    {
      std::lock_guard maintenance(maintenance_);
      SteadyTime turn_ends = std::chrono::steady_clock::now() + kTurn;
      for (const BucketPtr& bucket : all_buckets()) {
        WEIR_CHECK(work_on_removals(*bucket, turn_ends));
      }
    }
    auto wake = wake_.lock();
    if (wake->stopping) return {};
    wake.wait_for(woken_, kPause, [&] { return wake->stopping; });
  }
  return {};
}

}  // namespace weir::store
