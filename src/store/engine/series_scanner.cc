#include "store/engine/series_scanner.h"

#include <algorithm>

#include "store/engine/metrics.h"
#include "store/write_rules.h"

namespace weir::store {
namespace {

void freeze_newest(const ScanPlan& plan, SeriesId id, FrozenSeries& frozen) {
  LastValues& last_values = plan.bucket->last_values;
  FrozenNewest& newest = frozen.newest.emplace_back();
  newest.is_known = last_values.knows(id);
  if (newest.is_known) return last_values.read(id, newest.cells);
  for (const auto& [start, group] : plan.bucket->head.groups()) {
    if (group.live.contains(id)) newest.groups.push_back(start);
  }
  // Who asks for times before the newest group has no use for it.
  bool is_wanted = !newest.groups.empty() && newest.groups.back() < plan.spec.stop_ns;
  if (is_wanted) newest.ticket = last_values.begin_learning(id);
}

}  // namespace

FrozenSeriesPtr freeze_series(const ScanPlan& plan, size_t begin, size_t end) {
  auto frozen = std::make_shared<FrozenSeries>();
  frozen->first = begin;
  frozen->heads_end.reserve(end - begin);
  frozen->groups_end.reserve(end - begin);
  if (plan.wants_newest) frozen->newest.reserve(end - begin);
  std::vector<const ShardGroup*> groups;
  plan.bucket->head.visit_groups(plan.spec.start_ns, plan.spec.stop_ns - 1,
                                 [&](ShardGroup& group) { groups.push_back(&group); });
  auto take_piece = [&](const Piece& piece) {
    if (piece.main != nullptr) frozen->heads.push_back({piece.main, true});
    if (piece.late != nullptr) frozen->heads.push_back({piece.late, false});
  };
  for (size_t at = begin; at < end; at++) {
    SeriesId id = plan.series[at];
    for (const ShardGroup* group : groups) {
      if (!group->live.contains(id)) continue;
      frozen->groups.push_back(group->start_ns);
      auto head = group->series.empty() ? group->series.end() : group->series.find(id);
      if (head == group->series.end()) continue;
      for (const Piece& piece : head->second->frozen) take_piece(piece);
      take_piece(head->second->active);
    }
    if (plan.wants_newest) freeze_newest(plan, id, *frozen);
    frozen->heads_end.push_back(static_cast<uint32_t>(frozen->heads.size()));
    frozen->groups_end.push_back(static_cast<uint32_t>(frozen->groups.size()));
  }
  frozen->removals = plan.bucket->head.removals();
  frozen->snapshot = plan.chunks->snapshot();
  return frozen;
}

SeriesScanner::SeriesScanner(ScanPlanPtr plan, FrozenSeriesPtr frozen, size_t begin, size_t end)
    : plan_(std::move(plan)),
      frozen_(std::move(frozen)),
      spec_(plan_->spec),
      tests_value_(spec_.predicate != nullptr && tests_value(*spec_.predicate)),
      next_series_(begin),
      end_(end) {}

Result<const ScanSeries*> SeriesScanner::next_series() {
  while (true) {
    if (next_field_ == fields_.size()) {
      if (next_series_ == end_) return static_cast<const ScanSeries*>(nullptr);
      WEIR_CHECK(open_series(next_series_++));
      continue;
    }
    WEIR_TRY(bool has_rows, open_field(fields_[next_field_++]));
    if (has_rows) return static_cast<const ScanSeries*>(&current_);
  }
}

Result<bool> SeriesScanner::next_chunk(model::ColumnChunk& chunk) {
  if (first_chunk_.rows() > 0) {
    std::swap(chunk, first_chunk_);
    first_chunk_.clear();
    return true;
  }
  return fill(chunk);
}

ChunkIterator& SeriesScanner::chunks() {
  if (iterator_ == nullptr) iterator_ = plan_->chunks->iterator(frozen_->snapshot);
  return *iterator_;
}

bool SeriesScanner::has_chunks(int64_t group_start_ns) {
  for (const auto& [start, has] : groups_with_chunks_) {
    if (start == group_start_ns) return has;
  }
  std::string prefix = ChunkKey::group_prefix(plan_->bucket->number, group_start_ns);
  chunks().seek(prefix);
  // After an error too: whoever reads the chunks then meets it.
  bool has = !iterator_->valid() ? !iterator_->status().ok() : iterator_->key().starts_with(prefix);
  groups_with_chunks_.emplace_back(group_start_ns, has);
  return has;
}

Result<void> SeriesScanner::open_series(size_t at) {
  SeriesId id = plan_->series[at];
  fields_.clear();
  next_field_ = 0;
  merge_.reset();
  if (plan_->wants_newest) {
    WEIR_TRY(bool is_told, open_newest(at));
    if (is_told) return {};
  }
  source_.emplace(*plan_->chunks, frozen_->snapshot, spec_.start_ns, spec_.stop_ns - 1);
  for (int64_t group : frozen_->groups_of(at)) {
    if (!has_chunks(group)) continue;
    WEIR_CHECK(
        source_->add_chunks(chunks(), ChunkKey::series_prefix(plan_->bucket->number, group, id)));
  }
  source_->add_head(frozen_->heads_of(at));
  std::vector<FieldId> ids = source_->fields();
  if (ids.empty()) return {};
  const SeriesIndex& index = plan_->bucket->index;
  std::shared_lock lock(index.mutex());
  if (!index.has(id)) return {};  // deleted, and forgotten, since the scan began
  current_.key = index.key(id);
  const std::vector<std::string>& names = index.fields(index.measurement_of(id));
  for (FieldId field : ids) {
    if (field >= names.size()) return Error{Errc::io, "a chunk has a field that is not defined"};
    if (spec_.predicate != nullptr && !may_match(*spec_.predicate, current_.key, names[field])) {
      continue;
    }
    fields_.push_back({field, names[field], {}});
  }
  std::sort(fields_.begin(), fields_.end(),
            [](const Field& a, const Field& b) { return a.name < b.name; });
  for (const Removal& removal : frozen_->removals) {
    source_->add_removal(removal, RemovalFilter(index, id, removal.predicate));
  }
  return {};
}

// Opens the series by what memory has of it; false if that is not enough.
Result<bool> SeriesScanner::open_newest(size_t at) {
  SeriesId id = plan_->series[at];
  const FrozenNewest& newest = frozen_->newest_of(at);
  if (!newest.is_known && newest.ticket == 0) return false;
  std::vector<LastValues::Cell> learned;
  if (!newest.is_known) {
    auto read = learn_newest(id, newest);
    // Of a chunk that does not read, those say more who need it.
    if (!read.ok()) return false;
    learned = std::move(*read);
  }
  std::vector<NewestValue> values =
      newest_values(newest.is_known ? newest.cells : learned, frozen_->heads_of(at), spec_.start_ns,
                    spec_.stop_ns - 1);
  const SeriesIndex& index = plan_->bucket->index;
  std::shared_lock lock(index.mutex());
  if (!index.has(id)) return true;  // deleted, and forgotten, since the scan began
  current_.key = index.key(id);
  MeasurementId measurement = index.measurement_of(id);
  const std::vector<std::string>& names = index.fields(measurement);
  for (const NewestValue& value : values) {
    FieldId field = value.field.field;
    if (field >= names.size()) return Error{Errc::io, "a chunk has a field that is not defined"};
    if (spec_.predicate != nullptr && !may_match(*spec_.predicate, current_.key, names[field])) {
      continue;
    }
    // A field of two types may end the scan, whichever is the newest.
    if (!value.is_told || !index.has_one_type(measurement, field)) {
      fields_.clear();
      return false;
    }
    fields_.push_back({field, names[field], value});
  }
  std::sort(fields_.begin(), fields_.end(),
            [](const Field& a, const Field& b) { return a.name < b.name; });
  if (newest.is_known) newest_from_memory_total.add(1);
  return true;
}

// What is newest in the series' chunks, whatever the range. From the newest group on, until there
// is a value of every field that the series can have.
Result<std::vector<LastValues::Cell>> SeriesScanner::learn_newest(SeriesId id,
                                                                  const FrozenNewest& newest) {
  std::vector<LastValues::Cell> cells;
  size_t fields_max = 0;
  std::vector<std::pair<Removal, RemovalFilter>> removals;
  {
    const SeriesIndex& index = plan_->bucket->index;
    std::shared_lock lock(index.mutex());
    if (!index.has(id)) return cells;
    fields_max = index.fields(index.measurement_of(id)).size();
    for (const Removal& removal : frozen_->removals) {
      removals.emplace_back(removal, RemovalFilter(index, id, removal.predicate));
    }
  }
  for (auto group = newest.groups.rbegin(); group != newest.groups.rend(); ++group) {
    if (cells.size() >= fields_max) break;
    if (!has_chunks(*group)) continue;
    SeriesSource source(*plan_->chunks, frozen_->snapshot, kTimeMin, kTimeMax);
    WEIR_CHECK(
        source.add_chunks(chunks(), ChunkKey::series_prefix(plan_->bucket->number, *group, id)));
    for (const auto& [removal, filter] : removals) source.add_removal(removal, filter);
    for (FieldId field : source.fields()) {
      bool is_known = std::any_of(cells.begin(), cells.end(), [&](const LastValues::Cell& cell) {
        return cell.field.field == field;
      });
      if (is_known) continue;
      FieldMerge merge(source, field);
      WEIR_TRY(FieldRun run, merge.newest());
      if (run.rows() == 0) continue;
      bool is_text = run.type == model::FieldType::string;
      cells.push_back({{field, run.type}, run.times[0], is_text ? 0 : run.bits[0]});
    }
  }
  std::lock_guard lock(plan_->bucket->head.mutex());
  plan_->bucket->last_values.learn(id, newest.ticket, cells);
  return cells;
}

// False if the field has no rows after all.
Result<bool> SeriesScanner::open_field(const Field& field) {
  current_.field = field.name;
  merge_.reset();
  aggregator_.reset();
  rows_given_ = 0;
  run_ = {};
  run_row_ = 0;
  ended_ = windows_ended_ = false;
  result_type_.reset();
  windows_.clear();
  first_chunk_.clear();
  if (field.newest) {
    const NewestValue& newest = *field.newest;
    ended_ = true;
    current_.type = first_chunk_.type = newest.field.type;
    first_chunk_.append(newest.time_ns, value_of(newest.field.type, newest.bits));
    first_chunk_.window_starts.push_back(spec_.start_ns);
    return true;
  }
  merge_.emplace(*source_, field.id);
  return fill(first_chunk_);
}

Result<bool> SeriesScanner::fill(model::ColumnChunk& chunk) {
  chunk.clear();
  if (ended_) return false;
  if (spec_.aggregate == Aggregate::none) {
    WEIR_CHECK(fill_rows(chunk));
  } else {
    WEIR_CHECK(fill_windows(chunk));
  }
  return chunk.rows() > 0;
}

// Makes run_ the next rows that satisfy the predicate; none at the end.
Result<void> SeriesScanner::next_run() {
  run_row_ = 0;
  while (true) {
    WEIR_TRY(run_, merge_->next());
    if (run_.rows() == 0) return {};
    if (tests_value_) keep_matching(run_);
    if (run_.rows() > 0) return {};
  }
}

void SeriesScanner::keep_matching(FieldRun& run) const {
  size_t kept = 0;
  for (size_t row = 0; row < run.rows(); row++) {
    model::FieldValue value = value_of(run.type, run.bits[row]);
    if (!matches(*spec_.predicate, current_.key, current_.field, value)) continue;
    run.times[kept] = run.times[row];
    run.bits[kept++] = run.bits[row];
  }
  run.times.resize(kept);
  run.bits.resize(kept);
}

Result<void> SeriesScanner::fill_rows(model::ColumnChunk& chunk) {
  size_t most = spec_.rows_per_series_max.value_or(SIZE_MAX);
  while (chunk.rows() < model::kChunkRowsMax && rows_given_ < most) {
    if (run_row_ == run_.rows()) WEIR_CHECK(next_run());
    if (run_.rows() == 0) break;
    chunk.type = current_.type = run_.type;
    size_t count =
        std::min({run_.rows() - run_row_, model::kChunkRowsMax - chunk.rows(), most - rows_given_});
    append_rows(run_, run_row_, run_row_ + count, chunk);
    run_row_ += count;
    rows_given_ += count;
  }
  ended_ = chunk.rows() < model::kChunkRowsMax || rows_given_ == most;
  return {};
}

Result<void> SeriesScanner::start_aggregate(model::FieldType type, model::ColumnChunk& chunk) {
  if (aggregator_) return {};
  WEIR_CHECK(check_aggregate(spec_.aggregate, type));
  current_.type = type;
  aggregator_.emplace(spec_, type);
  result_type_ = chunk.type = aggregate_type(given_aggregate(spec_), type);
  return {};
}

Result<void> SeriesScanner::fill_windows(model::ColumnChunk& chunk) {
  if (result_type_) chunk.type = *result_type_;
  bool wants_edge = spec_.aggregate == Aggregate::first || spec_.aggregate == Aggregate::last;
  if (wants_edge && spec_.window_every_ns <= 0 && !tests_value_) return fill_edge(chunk);
  // A run may end several windows, so a chunk is given before it could overflow.
  while (!ended_ && windows_.rows() < model::kChunkRowsMax) {
    const ColumnHeader* whole = tests_value_ ? nullptr : merge_->next_whole_chunk();
    // Asked first: the type of a chunk with no row in the range is of no concern.
    if (whole != nullptr && can_summarise(spec_, *whole)) {
      WEIR_CHECK(merge_->check_type(whole->field.type));
      WEIR_CHECK(start_aggregate(whole->field.type, windows_));
      aggregator_->add_summary(*whole, windows_);
      merge_->skip_chunk();
      continue;
    }
    if (whole != nullptr) {
      WEIR_TRY(bool is_read, merge_->read_whole_chunk(column_));
      if (is_read && column_.begin < column_.end) {
        WEIR_CHECK(merge_->check_type(column_.type));
        WEIR_CHECK(start_aggregate(column_.type, windows_));
        aggregator_->add(column_, windows_);
      }
      if (is_read) continue;
    }
    WEIR_CHECK(next_run());
    if (run_.rows() == 0) {
      if (aggregator_) aggregator_->finish(windows_);
      windows_ended_ = ended_ = true;
      break;
    }
    WEIR_CHECK(start_aggregate(run_.type, windows_));
    aggregator_->add(run_, windows_);
  }
  return give_windows(chunk);
}

// The one row of first or last over the whole range.
Result<void> SeriesScanner::fill_edge(model::ColumnChunk& chunk) {
  ended_ = true;
  WEIR_TRY(run_, spec_.aggregate == Aggregate::last ? merge_->newest() : merge_->oldest());
  if (run_.rows() == 0) return {};
  WEIR_CHECK(start_aggregate(run_.type, chunk));
  aggregator_->add(run_, chunk);
  aggregator_->finish(chunk);
  return {};
}

// Moves at most a chunk of finished windows out.
Result<void> SeriesScanner::give_windows(model::ColumnChunk& chunk) {
  size_t count = std::min(windows_.rows(), model::kChunkRowsMax);
  if (count == windows_.rows()) {
    std::swap(chunk, windows_);
    windows_.clear();
    windows_.type = chunk.type;
  } else {
    chunk.type = windows_.type;
    model::ColumnChunk rest;
    rest.type = windows_.type;
    for (size_t row = 0; row < windows_.rows(); row++) {
      model::ColumnChunk& target = row < count ? chunk : rest;
      target.append(windows_.times[row], windows_.value(row));
      target.window_starts.push_back(windows_.window_starts[row]);
      if (!windows_.counts.empty()) target.counts.push_back(windows_.counts[row]);
    }
    windows_ = std::move(rest);
  }
  ended_ = windows_ended_ && windows_.rows() == 0;
  return {};
}

}  // namespace weir::store
