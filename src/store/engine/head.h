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
// So is one whose texts take this much: a chunk is read as a whole.
inline constexpr size_t kSealTextBytes = 512 * 1024;
// A shard group that nobody has written to for so long is settled: frozen, sealed and joined. Long
// against the pauses of a sender that is at it, short against someone who looks at the disk.
inline constexpr int64_t kSettleAfterMs = 5'000;
// A sender that pauses longer than that, and sends little, would leave a tiny chunk a series and
// pause. Once seen, its group waits for several such pauses.
inline constexpr int64_t kSettlePauses = 4;
inline constexpr int64_t kSettleAfterMsMax = 4 * 60 * 60 * 1000;
// Settling is worth it, whatever comes after, from this many rows a series on.
inline constexpr size_t kSettleRowsWorth = 64;

struct Piece {
  std::shared_ptr<RowGroup> main, late;  // null when empty
  uint64_t lsn_min = 0, lsn_max = 0;
  int64_t first_append_ms = 0;  // steady clock, of its first row

  bool empty() const { return main == nullptr && late == nullptr; }
  size_t rows() const {
    return (main == nullptr ? 0 : main->rows()) + (late == nullptr ? 0 : late->rows());
  }
  size_t bytes() const {
    return (main == nullptr ? 0 : main->bytes()) + (late == nullptr ? 0 : late->bytes());
  }
  bool is_full() const {
    return rows() >= kSealRows || (main != nullptr && main->text_bytes() >= kSealTextBytes) ||
           (late != nullptr && late->text_bytes() >= kSealTextBytes);
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

// What a series with rows takes beside them: its head and its entry in the group's table.
inline constexpr int64_t kSeriesHeadBytes = sizeof(SeriesHead) + 2 * sizeof(void*) + 32;

struct ShardGroup {
  explicit ShardGroup(MemoryCount count) : memory(std::move(count)) {}
  ShardGroup(const ShardGroup&) = delete;
  ShardGroup& operator=(const ShardGroup&) = delete;
  ~ShardGroup() {
    memory->fetch_sub(kSeriesHeadBytes * static_cast<int64_t>(series.size()),
                      std::memory_order_relaxed);
  }

  MemoryCount memory;
  int64_t start_ns = 0;
  absl::flat_hash_map<SeriesId, std::unique_ptr<SeriesHead>> series;
  Roaring live;  // series with data in this group
  // Bounds of all data ever written to the group.
  int64_t time_min_ns = kTimeMax, time_max_ns = kTimeMin;
  bool changed = true;  // since the catalog was written

  int64_t last_apply_ms = 0;  // steady clock
  int64_t settle_after_ms = kSettleAfterMs;
  bool has_settled_small = false;  // since the last row came

  Roaring unjoined;              // series that got chunks since theirs were joined
  uint64_t chunks_unjoined = 0;  // how many those are, of this process
  uint64_t garbage_bytes = 0;    // about what is deleted and still in RocksDB's files
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
  // Freezes the groups nobody has written to for their time. True if any had rows.
  bool freeze_idle(int64_t now_ms);
  // Visits active pieces.
  void visit_active(const std::function<void(const Piece&)>& visit) const;
  // Frozen pieces since the last call, in no order.
  std::vector<FrozenAt> take_frozen() { return std::exchange(frozen_, {}); }
  bool has_frozen() const { return !frozen_.empty(); }
  // Puts back what could not be sealed.
  void return_frozen(std::vector<FrozenAt> waiting) {
    frozen_.insert(frozen_.end(), waiting.begin(), waiting.end());
  }
  std::vector<Piece> frozen_pieces(const FrozenAt& at) const;
  // Forgets a series' frozen pieces up to record `lsn`: they are in chunks now. A delete may have
  // changed them, or removed some, since they were taken; pieces never share a record.
  void forget_frozen(const FrozenAt& at, uint64_t lsn);
  // Removes a series' cells in [start, stop] of the fields that `removes` accepts. Pieces that are
  // being sealed keep theirs.
  void remove(ShardGroup& group, SeriesId id, int64_t start_ns, int64_t stop_ns,
              const std::function<bool(LayoutField)>& removes);
  // The smallest LSN whose rows are not in chunks; `none` if all are.
  uint64_t oldest_lsn(uint64_t none) const;

  std::map<int64_t, ShardGroup>& groups() { return groups_; }
  const std::map<int64_t, ShardGroup>& groups() const { return groups_; }
  ShardGroup& group(int64_t start_ns);
  // Forgets the group, whose retention has ended. Rows of it that are on their way come too late:
  // they would bring the group back without its fields' types.
  void drop_group(int64_t start_ns);
  // Takes rows of any time again: retention was changed.
  void accept_all_times() { dropped_before_ns_ = kTimeMin; }
  // Visits groups that overlap [start, stop], both inclusive.
  void visit_groups(int64_t start_ns, int64_t stop_ns,
                    const std::function<void(ShardGroup&)>& visit);

  std::vector<Removal>& removals() { return removals_; }
  const MemoryCount& memory() const { return memory_; }

 private:
  static Result<void> skip_row(RowsDecoder& point);
  Result<void> add_row(uint64_t lsn, RowsDecoder& point, int64_t now_ms, SeriesHead& head);
  void freeze_active(int64_t group_start_ns, SeriesId id, SeriesHead& head);
  static void note_write(ShardGroup& group, int64_t now_ms);
  void erase_series(ShardGroup& group, SeriesId id);

  int64_t group_duration_ns_;
  MemoryCount memory_;
  mutable std::mutex mutex_;
  std::map<int64_t, ShardGroup> groups_;  // by start
  std::vector<FrozenAt> frozen_;
  std::vector<Removal> removals_;
  int64_t dropped_before_ns_ = kTimeMin;
};

}  // namespace weir::store
