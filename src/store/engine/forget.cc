// EngineCore: forgetting series that have no points any more, by deletes or retention.
//
// In memory a series goes in two steps (series_index.h): between them every write that may have
// looked it up comes to its end. In the catalog its entry stays as long as the log has a record
// that may name it, so that replay finds it: a checkpoint takes it away when the log begins behind.
// A stop before that brings the series back without points, and it is forgotten once more.
#include <algorithm>

#include "base/log.h"
#include "store/engine/engine_core.h"
#include "store/engine/metrics.h"

namespace weir::store {
namespace {

// How often empty series are looked for, if something was deleted.
constexpr int64_t kForgetEveryMs = 60'000;
// Series that are forgotten at once: a few milliseconds in which nobody writes.
constexpr uint64_t kForgetAtOnce = 4096;

// Takes those with data in one of the bucket's groups out of `series`. With the head's mutex held.
void leave_out_live(const Head& head, Roaring& series) {
  for (auto group = head.groups().rbegin(); group != head.groups().rend(); ++group) {
    if (series.isEmpty()) return;
    series -= group->second.live;
  }
}

// The same for many series, with the mutex free between groups: what comes meanwhile is seen later.
void leave_out_live_slowly(const Head& head, Roaring& series) {
  std::vector<int64_t> starts;
  {
    std::lock_guard lock(head.mutex());
    for (const auto& [start, group] : head.groups()) starts.push_back(start);
  }
  for (size_t i = starts.size(); i-- > 0 && !series.isEmpty();) {
    std::lock_guard lock(head.mutex());
    auto group = head.groups().find(starts[i]);
    if (group != head.groups().end()) series -= group->second.live;
  }
}

Roaring first_of(const Roaring& series, uint64_t count) {
  Roaring first;
  for (SeriesId id : series) {
    if (count-- == 0) break;
    first.add(id);
  }
  return first;
}

}  // namespace

void EngineCore::forget_empty_series() {
  const int64_t now_ms = clock_.steady_ms();
  const bool is_due = !options_.background || now_ms >= forget_due_ms_;
  if (!is_due && !forget_waits_) return;
  if (is_due) forget_due_ms_ = now_ms + kForgetEveryMs;
  bool waits = false;
  for (const BucketPtr& bucket : all_buckets()) {
    while (bucket->leaving_behind || (bucket->may_have_empty_series && begin_forgetting(*bucket))) {
      // The next ones have a round of their own.
      bool goes_on = finish_forgetting(*bucket) && !options_.background;
      waits |= bucket->leaving_behind || (!goes_on && bucket->may_have_empty_series);
      if (!goes_on) break;
    }
  }
  forget_waits_ = waits;
}

// The first step for some of the bucket's empty series; false if it has none.
bool EngineCore::begin_forgetting(Bucket& bucket) {
  {
    // A delete at work knows series by their numbers.
    std::lock_guard lock(bucket.head.mutex());
    if (!bucket.head.removals().empty()) return false;
  }
  Roaring empty;
  {
    std::shared_lock lock(bucket.index.mutex());
    // A later one is in the log alone, whose records name it.
    Roaring saved;
    saved.addRange(0, bucket.series_saved);
    empty = bucket.index.known() & saved;
  }
  leave_out_live_slowly(bucket.head, empty);
  bucket.may_have_empty_series = empty.cardinality() > kForgetAtOnce;
  if (empty.isEmpty()) return false;
  std::unique_lock lock(bucket.index.mutex());
  bucket.index.begin_leaving(first_of(empty, kForgetAtOnce));
  bucket.leaving_behind = bucket.writes_under_way.turn();
  return true;
}

// The second step, if every write from before the first one is done; otherwise false.
bool EngineCore::finish_forgetting(Bucket& bucket) {
  if (!bucket.writes_under_way.none_on(*bucket.leaving_behind)) return false;
  // Definitions of these series may still be queued: they are applied before this task, unless the
  // log has stalled.
  if (!log_->run([this] { return log_->health(); }).ok()) return false;
  std::unique_lock index_lock(bucket.index.mutex());
  std::lock_guard head_lock(bucket.head.mutex());
  if (!bucket.head.removals().empty()) return false;
  Roaring gone = bucket.index.leaving();
  leave_out_live(bucket.head, gone);
  bucket.index.end_leaving(gone);
  bucket.leaving_behind.reset();
  if (gone.isEmpty()) return true;
  for (auto& [start, group] : bucket.head.groups()) group.unjoined -= gone;
  series_forgotten_total.add(gone.cardinality());
  bucket.forgotten.push_back({log_->applied_lsn(), std::move(gone)});
  checkpoint_wanted_ = true;
  return true;
}

// What a checkpoint that begins the log at `log_start_lsn` takes out of the catalog; true if there
// is any.
bool EngineCore::write_forgotten(const Bucket& bucket, uint64_t log_start_lsn, size_t series_count,
                                 std::vector<ChunkStore::CatalogWrite>& writes) {
  bool any = false;
  for (const ForgottenSeries& forgotten : bucket.forgotten) {
    if (forgotten.lsn >= log_start_lsn) continue;
    any = true;
    for (SeriesId id : forgotten.ids) {
      writes.push_back({catalog::series_key(bucket.number, id), std::nullopt});
    }
  }
  if (any) {
    writes.push_back(
        {catalog::series_count_key(bucket.number), catalog::encode_series_count(series_count)});
  }
  return any;
}

}  // namespace weir::store
