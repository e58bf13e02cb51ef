#include "store/engine/head.h"

#include <algorithm>
#include <array>
#include <span>

#include "store/write_rules.h"

namespace weir::store {
namespace {

// With more series than this a point's way to its cells leaves the processor's caches.
constexpr size_t kPrefetchSeriesMin = 10'000;
// Points whose cache misses overlap: more than a core can have under way.
constexpr size_t kPrefetchPoints = 32;

// Fetches what appending to these series touches. The way there is a chain of pointers: each step
// is taken for all of them before the next one needs its result.
void prefetch(const ShardGroup& group, std::span<const SeriesId> series) {
  std::array<const SeriesHead*, kPrefetchPoints> heads{};
  std::array<const RowGroup*, kPrefetchPoints> rows{};
  for (const SeriesId id : series) group.series.prefetch(id);
  for (size_t i = 0; i < series.size(); i++) {
    const auto found = group.series.find(series[i]);
    if (found == group.series.end()) continue;
    heads[i] = found->second.get();
    __builtin_prefetch(heads[i]);
  }
  for (size_t i = 0; i < series.size(); i++) {
    if (heads[i] == nullptr) continue;
    rows[i] = heads[i]->active.main.get();
    __builtin_prefetch(rows[i]);
  }
  for (size_t i = 0; i < series.size(); i++) {
    if (rows[i] == nullptr) continue;
    __builtin_prefetch(rows[i]->times() + rows[i]->rows());
    __builtin_prefetch(rows[i]->columns().data());
  }
  for (size_t i = 0; i < series.size(); i++) {
    if (rows[i] == nullptr) continue;
    for (const RowGroup::Column& column : rows[i]->columns()) {
      __builtin_prefetch(column.bits.get() + rows[i]->rows());
    }
  }
}

}  // namespace

ShardGroup& Head::group(int64_t start_ns) {
  ShardGroup& group = groups_.try_emplace(start_ns, memory_).first->second;
  group.start_ns = start_ns;
  return group;
}

void Head::visit_groups(int64_t start_ns, int64_t stop_ns,
                        const std::function<void(ShardGroup&)>& visit) {
  for (auto& [start, group] : groups_) {
    if (start > stop_ns) break;
    if (shard_group_end(start, group_duration_ns_) > start_ns) visit(group);
  }
}

Result<void> Head::apply(uint64_t lsn, RowsDecoder& rows, int64_t now_ms,
                         const SealedLsn* sealed_lsn) {
  ShardGroup* group = nullptr;
  int64_t group_end = 0;
  struct Full {
    int64_t group_start_ns;
    SeriesId id;
    SeriesHead* head;
  };
  std::vector<Full> full;
  for (size_t point = 0;; point++) {
    WEIR_TRY(bool more, rows.next());
    if (!more) break;
    int64_t time_ns = rows.time_ns();
    if (group == nullptr || time_ns < group->start_ns || time_ns >= group_end) {
      int64_t start_ns = shard_group_start(time_ns, group_duration_ns_);
      if (time_ns < dropped_before_ns_ && !groups_.contains(start_ns)) {
        WEIR_CHECK(skip_row(rows));
        continue;
      }
      group = &this->group(start_ns);
      group_end = shard_group_end(group->start_ns, group_duration_ns_);
      group->changed = true;
      note_write(*group, now_ms);
    }
    if (point % kPrefetchPoints == 0 && group->series.size() >= kPrefetchSeriesMin) {
      const std::span<const SeriesId> ahead = rows.series_ahead();
      prefetch(*group, ahead.first(std::min(ahead.size(), kPrefetchPoints)));
    }
    SeriesId id = rows.series();
    std::unique_ptr<SeriesHead>& slot = group->series[id];
    if (slot == nullptr) {
      slot = std::make_unique<SeriesHead>();
      memory_->fetch_add(kSeriesHeadBytes, std::memory_order_relaxed);
      group->live.add(id);
    }
    group->time_min_ns = std::min(group->time_min_ns, time_ns);
    group->time_max_ns = std::max(group->time_max_ns, time_ns);
    uint64_t sealed = 0;
    if (sealed_lsn != nullptr) {
      WEIR_TRY(sealed, (*sealed_lsn)(group->start_ns, rows));
    }
    if (sealed >= lsn) {
      WEIR_CHECK(skip_row(rows));
      group->unjoined.add(id);
      continue;
    }
    WEIR_CHECK(add_row(lsn, rows, now_ms, *slot));
    bool is_noted = !full.empty() && full.back().head == slot.get();
    if (!is_noted && slot->active.is_full()) full.push_back({group->start_ns, id, slot.get()});
  }
  // Only now: a chunk must hold all of a record's rows of its series, or none (see replay).
  for (const Full& entry : full) freeze_active(entry.group_start_ns, entry.id, *entry.head);
  return {};
}

Result<void> Head::skip_row(RowsDecoder& point) {
  for (const LayoutField& field : point.layout()) {
    std::string_view ignored;
    WEIR_CHECK(point.value(field.type, ignored));
  }
  return {};
}

void Head::drop_group(int64_t start_ns) {
  groups_.erase(start_ns);
  dropped_before_ns_ = std::max(dropped_before_ns_, shard_group_end(start_ns, group_duration_ns_));
}

Result<void> Head::add_row(uint64_t lsn, RowsDecoder& point, int64_t now_ms, SeriesHead& head) {
  Piece& piece = head.active;
  if (piece.empty()) {
    piece.lsn_min = lsn;
    piece.first_append_ms = now_ms;
  }
  piece.lsn_max = lsn;
  RowsWriter main(piece.main, memory_);
  if (piece.main == nullptr) return main.append(point);  // then there are no late rows either
  int64_t last_ns = piece.main->times()[piece.main->rows() - 1];
  if (point.time_ns() > last_ns) return main.append(point);
  // Equal to the newest row, before any late one came: the usual "one field per message".
  if (point.time_ns() == last_ns) return main.merge_into_last(point);
  return RowsWriter(piece.late, memory_).append(point);
}

void Head::freeze_active(int64_t group_start_ns, SeriesId id, SeriesHead& head) {
  if (head.active.empty()) return;
  head.frozen.push_back(std::exchange(head.active, {}));
  frozen_.push_back({group_start_ns, id});
}

void Head::freeze(const std::function<bool(const Piece&)>& chosen) {
  for (auto& [start, group] : groups_) {
    for (auto& [id, head] : group.series) {
      if (!head->active.empty() && chosen(head->active)) freeze_active(start, id, *head);
    }
  }
}

std::vector<Piece> Head::frozen_pieces(const FrozenAt& at) const {
  auto group = groups_.find(at.group_start_ns);
  if (group == groups_.end()) return {};
  auto head = group->second.series.find(at.series);
  return head == group->second.series.end() ? std::vector<Piece>() : head->second->frozen;
}

void Head::forget_frozen(const FrozenAt& at, uint64_t lsn) {
  auto group = groups_.find(at.group_start_ns);
  if (group == groups_.end()) return;
  auto head = group->second.series.find(at.series);
  if (head == group->second.series.end()) return;
  std::erase_if(head->second->frozen, [&](const Piece& piece) { return piece.lsn_max <= lsn; });
  if (head->second->empty()) erase_series(group->second, at.series);
}

void Head::erase_series(ShardGroup& group, SeriesId id) {
  if (group.series.erase(id) > 0) memory_->fetch_sub(kSeriesHeadBytes, std::memory_order_relaxed);
}

void Head::note_write(ShardGroup& group, int64_t now_ms) {
  if (group.has_settled_small) {
    int64_t pause_ms = now_ms - group.last_apply_ms;
    group.settle_after_ms =
        std::clamp(kSettlePauses * pause_ms, group.settle_after_ms, kSettleAfterMsMax);
    group.has_settled_small = false;
  }
  group.last_apply_ms = now_ms;
}

bool Head::freeze_idle(int64_t now_ms) {
  bool any = false;
  for (auto& [start, group] : groups_) {
    if (group.series.empty() || now_ms - group.last_apply_ms < group.settle_after_ms) continue;
    size_t rows = 0, pieces = 0;
    for (auto& [id, head] : group.series) {
      if (head->active.empty()) continue;
      rows += head->active.rows();
      pieces++;
      freeze_active(start, id, *head);
    }
    group.has_settled_small |= rows < pieces * kSettleRowsWorth;
    any |= pieces > 0;
  }
  return any;
}

void Head::visit_active(const std::function<void(const Piece&)>& visit) const {
  for (const auto& [start, group] : groups_) {
    for (const auto& [id, head] : group.series) {
      if (!head->active.empty()) visit(head->active);
    }
  }
}

void Head::remove(ShardGroup& group, SeriesId id, int64_t start_ns, int64_t stop_ns,
                  const std::function<bool(LayoutField)>& removes) {
  auto found = group.series.find(id);
  if (found == group.series.end()) return;
  SeriesHead& head = *found->second;
  bool any = false;
  auto remove_from = [&](std::shared_ptr<RowGroup>& rows) {
    if (rows != nullptr) any |= RowsWriter(rows, memory_).remove(start_ns, stop_ns, removes);
  };
  for (Piece& piece : head.frozen) {
    remove_from(piece.main);
    remove_from(piece.late);
  }
  std::erase_if(head.frozen, [](const Piece& piece) { return piece.empty(); });
  bool had_late = head.active.late != nullptr;
  remove_from(head.active.main);
  remove_from(head.active.late);
  // What is left of the late rows may now be newer than the newest main row; rows to come must not
  // join that piece.
  if (had_late && any) freeze_active(group.start_ns, id, head);
  if (head.empty()) erase_series(group, id);
}

uint64_t Head::oldest_lsn(uint64_t none) const {
  uint64_t oldest = none;
  for (const auto& [start, group] : groups_) {
    for (const auto& [id, head] : group.series) {
      if (!head->frozen.empty()) {
        oldest = std::min(oldest, head->frozen.front().lsn_min);
      } else if (!head->active.empty()) {
        oldest = std::min(oldest, head->active.lsn_min);
      }
    }
  }
  for (const Removal& removal : removals_) oldest = std::min(oldest, removal.lsn);
  return oldest;
}

}  // namespace weir::store
