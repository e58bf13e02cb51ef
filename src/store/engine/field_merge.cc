#include "store/engine/field_merge.h"

#include <algorithm>

#include "store/write_rules.h"

namespace weir::store {

Result<void> FieldMerge::check_type(model::FieldType type) {
  if (type_ && *type_ != type) return schema_collision(*type_, type);
  type_ = type;
  return {};
}

Result<void> FieldMerge::load_next() {
  const SeriesSource::Part& part = parts_[next_part_++];
  WEIR_TRY(FieldRun run, source_.load(part));
  if (run.rows() == 0) return {};
  WEIR_CHECK(check_type(run.type));
  auto place = std::find_if(active_.begin(), active_.end(),
                            [&](const Active& other) { return other.rank > part.rank; });
  active_.insert(place, Active{std::move(run), 0, part.rank});
  return {};
}

Result<FieldRun> FieldMerge::next() {
  while (true) {
    if (active_.empty()) {
      if (next_part_ == parts_.size()) return FieldRun();
      WEIR_CHECK(load_next());
      continue;
    }
    // Rows before the next part's first time cannot meet a row that is not loaded yet.
    bool has_frontier = next_part_ < parts_.size();
    int64_t frontier = has_frontier ? parts_[next_part_].time_min_ns : 0;
    FieldRun merged;
    for (Active& active : active_) {
      const std::vector<int64_t>& times = active.run.times;
      size_t end = has_frontier
                       ? static_cast<size_t>(
                             std::lower_bound(times.begin() + static_cast<ptrdiff_t>(active.row),
                                              times.end(), frontier) -
                             times.begin())
                       : times.size();
      if (end == active.row) continue;
      FieldRun taken;
      if (active.row == 0 && end == times.size()) {
        taken = std::move(active.run);
        active.run = {};
        active.row = 0;
      } else {
        auto begin_at = static_cast<ptrdiff_t>(active.row), end_at = static_cast<ptrdiff_t>(end);
        taken.type = active.run.type;
        taken.keep = active.run.keep;
        taken.times.assign(times.begin() + begin_at, times.begin() + end_at);
        taken.bits.assign(active.run.bits.begin() + begin_at, active.run.bits.begin() + end_at);
        active.row = end;
      }
      merged = merge_runs(std::move(merged), std::move(taken));
    }
    std::erase_if(active_, [](const Active& active) { return active.row >= active.run.rows(); });
    if (merged.rows() > 0) return merged;
    WEIR_CHECK(load_next());
  }
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
