#include "store/engine/field_merge.h"

#include <algorithm>

#include "store/write_rules.h"

namespace weir::store {

Result<void> FieldMerge::check_type(model::FieldType type) {
  if (type_ && *type_ != type) return schema_collision(*type_, type);
  type_ = type;
  return {};
}

Result<void> FieldMerge::load(const SeriesSource::Part& part) {
  WEIR_TRY(FieldRun run, source_.load(part));
  if (run.rows() == 0) return {};
  WEIR_CHECK(check_type(run.type));
  auto place = std::find_if(active_.begin(), active_.end(),
                            [&](const Active& other) { return other.rank > part.rank; });
  size_t rows = run.rows();
  active_.insert(place, Active{std::move(run), 0, rows, part.rank});
  return {};
}

// Rows [begin, end) of those not passed on, from one end of these.
FieldRun FieldMerge::take(Active& active, size_t begin, size_t end) {
  FieldRun taken;
  if (begin == 0 && end == active.run.rows()) {
    taken = std::move(active.run);
    active.run = {};
    active.begin = active.end = 0;
    return taken;
  }
  auto begin_at = static_cast<ptrdiff_t>(begin), end_at = static_cast<ptrdiff_t>(end);
  const FieldRun& run = active.run;
  taken.type = run.type;
  taken.keep = run.keep;
  taken.times.assign(run.times.begin() + begin_at, run.times.begin() + end_at);
  taken.bits.assign(run.bits.begin() + begin_at, run.bits.begin() + end_at);
  if (begin == active.begin) {
    active.begin = end;
  } else {
    active.end = begin;
  }
  return taken;
}

Result<FieldRun> FieldMerge::next() {
  while (true) {
    if (active_.empty()) {
      if (next_part_ == parts_.size()) return FieldRun();
      WEIR_CHECK(load(parts_[next_part_++]));
      continue;
    }
    // Rows before the next part's first time cannot meet a row that is not loaded yet.
    bool has_frontier = next_part_ < parts_.size();
    int64_t frontier = has_frontier ? parts_[next_part_].time_min_ns : 0;
    FieldRun merged;
    for (Active& active : active_) {
      const int64_t* times = active.run.times.data();
      size_t end = active.end;
      if (has_frontier) {
        end = static_cast<size_t>(
            std::lower_bound(times + active.begin, times + active.end, frontier) - times);
      }
      if (end == active.begin) continue;
      merged = merge_runs(std::move(merged), take(active, active.begin, end));
    }
    std::erase_if(active_, [](const Active& active) { return active.begin == active.end; });
    if (merged.rows() > 0) return merged;
    WEIR_CHECK(load(parts_[next_part_++]));
  }
}

Result<FieldRun> FieldMerge::previous() {
  if (!goes_back_) {
    std::sort(parts_.begin(), parts_.end(),
              [](const auto& a, const auto& b) { return a.time_max_ns < b.time_max_ns; });
    next_part_ = parts_.size();
    goes_back_ = true;
  }
  while (true) {
    if (active_.empty()) {
      if (next_part_ == 0) return FieldRun();
      WEIR_CHECK(load(parts_[--next_part_]));
      continue;
    }
    // Rows behind the next part's last time cannot meet a row that is not loaded yet.
    bool has_frontier = next_part_ > 0;
    int64_t frontier = has_frontier ? parts_[next_part_ - 1].time_max_ns : 0;
    FieldRun merged;
    for (Active& active : active_) {
      const int64_t* times = active.run.times.data();
      size_t begin = active.begin;
      if (has_frontier) {
        begin = static_cast<size_t>(
            std::upper_bound(times + active.begin, times + active.end, frontier) - times);
      }
      if (begin == active.end) continue;
      merged = merge_runs(std::move(merged), take(active, begin, active.end));
    }
    std::erase_if(active_, [](const Active& active) { return active.begin == active.end; });
    if (merged.rows() > 0) return merged;
    WEIR_CHECK(load(parts_[--next_part_]));
  }
}

Result<FieldRun> FieldMerge::edge_of(const SeriesSource::Part& part, bool newest) {
  FieldRun row;
  const ColumnHeader* header = source_.header(part);
  if (header != nullptr && header->statistics) {
    // The header speaks of the whole chunk; it counts if the range does not cut that end off.
    int64_t time_ns = newest ? header->time_last_ns : header->time_first_ns;
    if (time_ns == (newest ? part.time_max_ns : part.time_min_ns)) {
      row.type = header->field.type;
      row.push(time_ns, newest ? header->statistics->last : header->statistics->first);
      return row;
    }
  }
  WEIR_TRY(FieldRun run, source_.load(part));
  if (run.rows() == 0) return row;
  row.type = run.type;
  row.keep = std::move(run.keep);
  size_t at = newest ? run.rows() - 1 : 0;
  row.push(run.times[at], run.bits[at]);
  return row;
}

Result<FieldRun> FieldMerge::edge(bool newest) {
  auto reach = [&](const SeriesSource::Part& part) {
    return newest ? part.time_max_ns : part.time_min_ns;
  };
  std::vector<SeriesSource::Part> parts = parts_;
  std::sort(parts.begin(), parts.end(), [&](const auto& a, const auto& b) {
    if (reach(a) == reach(b)) return a.rank > b.rank;
    return newest ? reach(a) > reach(b) : reach(a) < reach(b);
  });
  FieldRun best;
  uint64_t best_rank = 0;
  for (const SeriesSource::Part& part : parts) {
    bool decided =
        best.rows() > 0 && (newest ? reach(part) < best.times[0] : reach(part) > best.times[0]);
    if (decided && source_.type(part) == best.type) continue;
    WEIR_TRY(FieldRun row, edge_of(part, newest));
    if (row.rows() == 0) continue;
    WEIR_CHECK(check_type(row.type));
    bool wins = best.rows() == 0 ||
                (newest ? row.times[0] > best.times[0] : row.times[0] < best.times[0]) ||
                (row.times[0] == best.times[0] && part.rank > best_rank);
    if (!wins) continue;
    best = std::move(row);
    best_rank = part.rank;
  }
  return best;
}

const ColumnHeader* FieldMerge::next_whole_chunk() const {
  if (!active_.empty() || next_part_ == parts_.size()) return nullptr;
  const SeriesSource::Part& part = parts_[next_part_];
  if (next_part_ + 1 < parts_.size() && parts_[next_part_ + 1].time_min_ns <= part.time_max_ns) {
    return nullptr;
  }
  return source_.header(part);
}

}  // namespace weir::store
