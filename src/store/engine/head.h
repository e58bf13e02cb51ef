// The head of one bucket: rows that are in the log and not yet in chunks, by shard group and
// series.
//
// A series' rows are pieces: frozen ones, oldest first, wait to be sealed into chunks; the active
// one takes new rows. A piece has main rows in time order and late rows in order of arrival, and a
// later piece's rows are all newer (in the log) than an earlier one's. So cells are resolved by
// piece: the newest piece that has a cell wins; within one, late rows win over main rows.
//
// Beside the rows a shard group keeps which series have data in it at all, in chunks or here.
// Threads: everything under mutex(), which is held briefly: readers take RowsViews and let go.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <functional>

#include <map>
#include <mutex>
#include <optional>
#include <roaring/roaring.hh>
#include <vector>

#include "store/engine/row_group.h"

namespace weir::store {

// A row group this long is frozen; the best ratio of header to values that still seals often.
inline constexpr size_t kSealRows = 1024;

struct Piece {
  std::shared_ptr<RowGroup> main, late;  // null when empty
  uint64_t lsn_min = 0, lsn_max = 0;
  int64_t first_append_ms = 0;  // steady clock, of its first row

  bool empty() const { return main == nullptr && late == nullptr; }
  size_t rows() const {
    return (main == nullptr ? 0 : main->rows()) + (late == nullptr ? 0 : late->rows());
  }
};

struct SeriesHead {
  Piece active;
  std::vector<Piece> frozen;
  bool empty() const { return active.empty() && frozen.empty(); }
};

// A delete that chunks do not reflect yet: hides cells of chunks with an older LSN.
struct Removal {
  uint64_t lsn = 0;
  int64_t start_ns = 0, stop_ns = 0;  // both inclusive
  PredicatePtr predicate;             // null: everything
};

struct ShardGroup {
  int64_t start_ns = 0;
  absl::flat_hash_map<SeriesId, std::unique_ptr<SeriesHead>> series;
  Roaring live;  // series with data in this group
  // Bounds of all data ever written to the group.
  int64_t time_min_ns = kTimeMax, time_max_ns = kTimeMin;
  bool changed = true;  // since the catalog was written
};

// Where a frozen piece waits.
struct FrozenAt {
  int64_t group_start_ns = 0;
  SeriesId series = 0;
};

class Head {
 public:
  Head(int64_t group_duration_ns, MemoryCount memory)
      : group_duration_ns_(group_duration_ns), memory_(std::move(memory)) {}

  std::mutex& mutex() const { return mutex_; }
  int64_t group_duration_ns() const { return group_duration_ns_; }

  // Adds the points of a rows record. Rows of series whose chunks reach `lsn` already are skipped
  // when `sealed_lsn` (used while the log is replayed) says so; null: none are.
  using SealedLsn =
      std::function<Result<uint64_t>(int64_t group_start_ns, const RowsDecoder& point)>;
  Result<void> apply(uint64_t lsn, RowsDecoder& rows, int64_t now_ms, const SealedLsn* sealed_lsn);

  // Freezes active pieces that `chosen` accepts.
  void freeze(const std::function<bool(const Piece&)>& chosen);
  // Frozen pieces since the last call, in no order.
  std::vector<FrozenAt> take_frozen() { return std::exchange(frozen_, {}); }
  bool has_frozen() const { return !frozen_.empty(); }
  // Puts back what could not be sealed.
  void return_frozen(std::vector<FrozenAt> waiting) {
    frozen_.insert(frozen_.end(), waiting.begin(), waiting.end());
  }
  std::vector<Piece> frozen_pieces(const FrozenAt& at) const;
  // Forgets the first `count` frozen pieces of a series: they are in chunks now.
  void forget_frozen(const FrozenAt& at, size_t count);
  // Removes a series' cells in [start, stop] of the fields that `removes` accepts. Nobody may be
  // sealing the series' pieces meanwhile.
  void remove(ShardGroup& group, SeriesId id, int64_t start_ns, int64_t stop_ns,
              const std::function<bool(LayoutField)>& removes);
  // The smallest LSN whose rows are not in chunks; `none` if all are.
  uint64_t oldest_lsn(uint64_t none) const;

  std::map<int64_t, ShardGroup>& groups() { return groups_; }
  const std::map<int64_t, ShardGroup>& groups() const { return groups_; }
  ShardGroup& group(int64_t start_ns);
  // Visits groups that overlap [start, stop], both inclusive.
  void visit_groups(int64_t start_ns, int64_t stop_ns,
                    const std::function<void(ShardGroup&)>& visit);

  std::vector<Removal>& removals() { return removals_; }
  const MemoryCount& memory() const { return memory_; }

 private:
  Result<void> add_row(uint64_t lsn, RowsDecoder& point, int64_t now_ms, SeriesHead& head);
  void freeze_active(int64_t group_start_ns, SeriesId id, SeriesHead& head);

  int64_t group_duration_ns_;
  MemoryCount memory_;
  mutable std::mutex mutex_;
  std::map<int64_t, ShardGroup> groups_;  // by start
  std::vector<FrozenAt> frozen_;
  std::vector<Removal> removals_;
};

}  // namespace weir::store
