#include "store/group_scan.h"

#include "store/write_rules.h"

namespace weir::store {
namespace {

class GroupScanner {
 public:
  GroupScanner(Store& store, const GroupScan& wanted,
               const std::function<bool(const ScanSeries&, const model::ColumnChunk&)>& visit)
      : store_(store), wanted_(wanted), visit_(visit) {}

  // Halves ranges until one shard group is left: long empty times cost little. Returns false when
  // the visitor broke off.
  Result<bool> run(int64_t start_ns, int64_t stop_ns) {
    if (start_ns >= stop_ns) return true;
    const int64_t group = shard_group_start(start_ns, wanted_.shard_group_ns);
    if (shard_group_end(group, wanted_.shard_group_ns) >= stop_ns) return scan(start_ns, stop_ns);
    SchemaSpec question;
    question.bucket = wanted_.bucket;
    question.start_ns = start_ns;
    question.stop_ns = stop_ns;
    WEIR_TRY(const auto measurements, store_.schema(question));
    if (measurements.empty()) return true;
    const int64_t middle = start_ns / 2 + stop_ns / 2;
    int64_t split = shard_group_start(middle, wanted_.shard_group_ns);
    if (split <= start_ns) split = shard_group_end(group, wanted_.shard_group_ns);
    WEIR_TRY(const bool goes_on, run(start_ns, split));
    return goes_on ? run(split, stop_ns) : false;
  }

 private:
  Result<bool> scan(int64_t start_ns, int64_t stop_ns) {
    ScanSpec spec;
    spec.bucket = wanted_.bucket;
    spec.start_ns = start_ns;
    spec.stop_ns = stop_ns;
    spec.predicate = wanted_.predicate;
    WEIR_TRY(const auto cursor, store_.scan(spec));
    for (;;) {
      WEIR_TRY(const ScanSeries* series, cursor->next_series());
      if (series == nullptr) return true;
      for (;;) {
        WEIR_TRY(const bool has_rows, cursor->next_chunk(chunk_));
        if (!has_rows) break;
        if (!visit_(*series, chunk_)) return false;
      }
    }
  }

  Store& store_;
  const GroupScan& wanted_;
  const std::function<bool(const ScanSeries&, const model::ColumnChunk&)>& visit_;
  model::ColumnChunk chunk_;
};

}  // namespace

Result<void> scan_by_group(
    Store& store, const GroupScan& wanted,
    const std::function<bool(const ScanSeries&, const model::ColumnChunk&)>& visit) {
  WEIR_TRY(const BucketStatistics bounds, store.statistics(wanted.bucket));
  if (!bounds.first_time_ns || !bounds.last_time_ns) return {};
  GroupScanner scanner(store, wanted, visit);
  const int64_t start = std::max(wanted.start_ns, *bounds.first_time_ns);
  const int64_t last = std::min(*bounds.last_time_ns, kTimeMax);  // so that last + 1 exists
  Result<bool> done = scanner.run(start, std::min(wanted.stop_ns, last + 1));
  return done.ok() ? Result<void>() : Result<void>(std::move(done).error());
}

}  // namespace weir::store
