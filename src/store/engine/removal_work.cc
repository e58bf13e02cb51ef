#include "store/engine/removal_work.h"

#include <algorithm>

#include "base/log.h"
#include "store/engine/metrics.h"
#include "store/write_rules.h"

namespace weir::store {
namespace {

// As many keys as make a range tombstone, which every later read of its neighbourhood looks at,
// cheaper than a tombstone each.
constexpr size_t kRangeKeysMin = 64;
// What looking at a series costs when it has no chunk, in bytes of chunks.
constexpr uint64_t kSeriesCost = 16;

}  // namespace

RemovalWork::RemovalWork(Bucket& bucket, ChunkStore& chunks, Removal removal)
    : bucket_(bucket), chunks_(chunks), removal_(std::move(removal)) {
  std::shared_lock index_lock(bucket_.index.mutex());
  Roaring candidates = bucket_.index.select(removal_.predicate.get(), is_exact_);
  {
    std::lock_guard lock(bucket_.head.mutex());
    bucket_.head.visit_groups(removal_.start_ns, removal_.stop_ns, [&](ShardGroup& group) {
      Roaring series = group.live & candidates;
      if (!series.isEmpty()) groups_.push_back({group.start_ns, std::move(series), {}});
    });
  }
  for (Group& group : groups_) find_measurements(group);
}

// With the index's mutex held.
void RemovalWork::find_measurements(Group& group) const {
  std::vector<bool> seen(bucket_.index.measurement_count());
  for (SeriesId series : group.series) {
    MeasurementId measurement = bucket_.index.measurement_of(series);
    if (seen[measurement]) continue;
    if (!is_exact_) {
      model::SeriesKey key = bucket_.index.key(series);
      const std::vector<std::string>& names = bucket_.index.fields(measurement);
      std::vector<FieldId> fields = bucket_.index.registered_fields(group.start_ns, measurement);
      if (std::none_of(fields.begin(), fields.end(), [&](FieldId field) {
            return may_match(*removal_.predicate, key, names[field]);
          })) {
        continue;
      }
    }
    seen[measurement] = true;
    group.measurements.push_back(measurement);
  }
}

Result<bool> RemovalWork::step(uint64_t bytes, Log* log) {
  if (group_ == groups_.size()) return true;
  Group& group = groups_[group_];
  if (!series_done_) {
    WEIR_CHECK(chunks_slice(group, bytes));
  } else if (measurement_ < group.measurements.size()) {
    WEIR_CHECK(fields_slice(group, bytes, log));
  } else {
    finish_group();
  }
  return group_ == groups_.size();
}

void RemovalWork::finish_group() {
  if (freed_bytes_ > 0) freed_.emplace_back(groups_[group_].start_ns, freed_bytes_);
  freed_bytes_ = 0;
  group_++;
  next_series_ = 0;
  series_done_ = false;
  measurement_ = 0;
}

Result<void> RemovalWork::chunks_slice(Group& group, uint64_t bytes) {
  Slice slice;
  auto series = group.series.begin();
  series.equalorlarger(next_series_);
  auto chunks =
      chunks_.iterator(nullptr, prefix_end(ChunkKey::group_prefix(bucket_.number, group.start_ns)));
  bool sought = false;
  SeriesId next = next_series_;
  for (; series != group.series.end() && slice.bytes < bytes; ++series) {
    std::string prefix = ChunkKey::series_prefix(bucket_.number, group.start_ns, *series);
    // Never a seek where the next key is at hand: it would walk over the tombstones again.
    if (!sought || (chunks->valid() && chunks->key() < prefix)) {
      end_run(slice);
      chunks->seek(prefix);
      sought = true;
    }
    WEIR_TRY(bool keeps, clean_series(group, *series, prefix, *chunks, slice));
    if (!keeps) slice.emptied.push_back(*series);
    slice.bytes += kSeriesCost;
    next = *series + 1;
  }
  WEIR_CHECK(chunks->status());
  end_run(slice);
  if (slice.freed > 0) {
    WEIR_CHECK(chunks_.write(slice.puts, slice.deleted, slice.ranges));
  }
  freed_bytes_ += slice.freed;
  forget_emptied(group, slice.emptied);
  next_series_ = next;
  series_done_ = series == group.series.end();
  return {};
}

Result<bool> RemovalWork::clean_series(const Group& group, SeriesId series,
                                       const std::string& prefix, ChunkIterator& chunks,
                                       Slice& slice) const {
  int64_t group_end_ns = shard_group_end(group.start_ns, bucket_.head.group_duration_ns());
  bool takes_all = is_exact_ && removal_.start_ns <= std::max(group.start_ns, kTimeMin) &&
                   removal_.stop_ns >= std::min(group_end_ns - 1, kTimeMax);
  std::optional<RemovalFilter> filter;
  if (!is_exact_ && chunks.valid() && chunks.key().starts_with(prefix)) {
    std::shared_lock lock(bucket_.index.mutex());
    filter.emplace(bucket_.index, series, removal_.predicate);
  }
  bool keeps = false;
  for (; chunks.valid() && chunks.key().starts_with(prefix); chunks.next()) {
    slice.bytes += chunks.value().size();
    if (clean_chunk(chunks.key(), chunks.value(), filter, takes_all, slice)) {
      keeps = true;
      end_run(slice);
    }
  }
  WEIR_CHECK(chunks.status());
  return keeps;
}

// Whether anything stays under the key, or in its place.
bool RemovalWork::clean_chunk(std::string_view key_bytes, std::string_view value,
                              const std::optional<RemovalFilter>& filter, bool takes_all,
                              Slice& slice) const {
  std::optional<ChunkKey> key = ChunkKey::decode(key_bytes);
  if (!key || key->lsn > removal_.lsn || key->time_min_ns > removal_.stop_ns) return true;
  bool keeps = false;
  if (!takes_all) {
    Result<ChunkReader> chunk = ChunkReader::open(value);
    Result<bool> rewritten = chunk.ok() ? rewrite(*key, *chunk, filter, slice) : chunk.error();
    if (!rewritten.ok()) {
      chunks_failed_total.add(1);
      log::error("store", "{}: {}; a delete leaves it as it is", key->describe(),
                 rewritten.error().message);
      return true;
    }
    if (!*rewritten) return true;
    keeps = !slice.puts.empty() && slice.puts.back().key.series == key->series &&
            slice.puts.back().key.lsn == key->lsn;
  }
  slice.run.emplace_back(key_bytes);
  slice.freed += value.size();
  return keeps;
}

Result<bool> RemovalWork::rewrite(const ChunkKey& key, const ChunkReader& chunk,
                                  const std::optional<RemovalFilter>& filter, Slice& slice) const {
  if (chunk.time_max_ns() < removal_.start_ns) return false;
  auto removes = [&](const ColumnHeader& column) {
    return (!filter || filter->removes(column.field.field)) &&
           column.time_first_ns <= removal_.stop_ns && column.time_last_ns >= removal_.start_ns;
  };
  const auto& columns = chunk.columns();
  if (std::none_of(columns.begin(), columns.end(), removes)) return false;
  bool any_removed = false;
  std::vector<NamedRun> kept;
  WEIR_TRY(std::vector<int64_t> times, chunk.times());
  for (const ColumnHeader& column : columns) {
    bool is_cut = removes(column);
    if (is_cut && column.time_first_ns >= removal_.start_ns &&
        column.time_last_ns <= removal_.stop_ns) {
      any_removed = true;
      continue;  // all of it
    }
    WEIR_TRY(FieldRun run, chunk.run(column, times));
    size_t rows = run.rows();
    if (is_cut) cut_run(run, removal_.start_ns, removal_.stop_ns);
    any_removed |= run.rows() < rows;
    if (run.rows() > 0) kept.push_back({column.field.field, std::move(run)});
  }
  if (kept.empty() || !any_removed) return any_removed;
  for (EncodedChunk& part : encode_chunks(key, std::move(kept), chunk.lsn_min(), chunk.lsn_max())) {
    slice.puts.push_back(std::move(part));
  }
  return true;
}

// Keys that follow each other in the store go as a range, if they are many.
void RemovalWork::end_run(Slice& slice) {
  if (slice.run.size() >= kRangeKeysMin) {
    slice.ranges.push_back({slice.run.front(), slice.run.back() + '\0'});
  } else {
    std::move(slice.run.begin(), slice.run.end(), std::back_inserter(slice.deleted));
  }
  slice.run.clear();
}

void RemovalWork::forget_emptied(const Group& group, const std::vector<SeriesId>& emptied) {
  if (!emptied.empty()) bucket_.may_have_empty_series = true;
  std::lock_guard lock(bucket_.head.mutex());
  auto found = bucket_.head.groups().find(group.start_ns);
  if (found == bucket_.head.groups().end()) return;
  found->second.changed = true;
  for (SeriesId series : emptied) {
    if (!found->second.series.contains(series)) found->second.live.remove(series);
  }
}

void RemovalWork::note_sealed(const FrozenAt& at, const std::vector<Piece>& pieces) {
  if (!looks_for_fields_ || group_ == groups_.size()) return;
  const Group& group = groups_[group_];
  if (at.group_start_ns != group.start_ns) return;
  {
    std::shared_lock lock(bucket_.index.mutex());
    if (bucket_.index.measurement_of(at.series) != group.measurements[measurement_]) return;
  }
  auto see = [&](const std::shared_ptr<RowGroup>& rows) {
    if (rows == nullptr) return;
    for (const RowGroup::Column& column : rows->columns()) std::erase(unseen_, column.field.field);
  };
  for (const Piece& piece : pieces) see(piece.main), see(piece.late);
}

// Looks for values of the measurement's fields; those without lose their type in the group.
Result<void> RemovalWork::fields_slice(Group& group, uint64_t bytes, Log* log) {
  if (!looks_for_fields_) begin_fields(group);
  auto series = measurement_series_.begin();
  series.equalorlarger(next_series_);
  auto chunks =
      chunks_.iterator(nullptr, prefix_end(ChunkKey::group_prefix(bucket_.number, group.start_ns)));
  bool sought = false;
  uint64_t looked_at = 0;
  // Usually the first series has them all.
  for (; series != measurement_series_.end() && !unseen_.empty() && looked_at < bytes; ++series) {
    std::string prefix = ChunkKey::series_prefix(bucket_.number, group.start_ns, *series);
    if (!sought || (chunks->valid() && chunks->key() < prefix)) chunks->seek(prefix);
    sought = true;
    for (; !unseen_.empty() && chunks->valid() && chunks->key().starts_with(prefix);
         chunks->next()) {
      looked_at += chunks->value().size();
      Result<ChunkReader> chunk = ChunkReader::open(chunks->value());
      // It may have any field. Better a type that stays than one that is given twice.
      if (!chunk.ok()) unseen_.clear();
      if (!chunk.ok()) break;
      for (const ColumnHeader& column : chunk->columns()) {
        std::erase(unseen_, column.field.field);
      }
    }
    WEIR_CHECK(chunks->status());
    looked_at += kSeriesCost;
    next_series_ = *series + 1;
  }
  if (series != measurement_series_.end() && !unseen_.empty()) return {};
  forget_types(group, log);
  measurement_++;
  looks_for_fields_ = false;
  return {};
}

void RemovalWork::begin_fields(const Group& group) {
  std::shared_lock index_lock(bucket_.index.mutex());
  unseen_ = bucket_.index.registered_fields(group.start_ns, group.measurements[measurement_]);
  measurement_series_ = leave_out_head_fields(group);
  next_series_ = 0;
  looks_for_fields_ = true;
}

// Takes the fields that have rows in the head out of `unseen_`; returns the measurement's series
// with data in the group. With the index's mutex held.
Roaring RemovalWork::leave_out_head_fields(const Group& group) {
  Roaring series_set;
  std::lock_guard head_lock(bucket_.head.mutex());
  auto found = bucket_.head.groups().find(group.start_ns);
  if (found == bucket_.head.groups().end()) return series_set;
  bucket_.index.measurement_series(group.measurements[measurement_]).add_to(series_set);
  series_set &= found->second.live;
  auto see = [&](const std::shared_ptr<RowGroup>& rows) {
    if (rows == nullptr) return;
    for (const RowGroup::Column& column : rows->columns()) std::erase(unseen_, column.field.field);
  };
  for (SeriesId series : series_set) {
    if (unseen_.empty()) break;
    auto head = found->second.series.find(series);
    if (head == found->second.series.end()) continue;
    for (const Piece& piece : head->second->frozen) see(piece.main), see(piece.late);
    see(head->second->active.main), see(head->second->active.late);
  }
  return series_set;
}

// Rows on their way may rely on a type that is to go. With writers that never pause it stays, which
// only means that the field keeps its type.
void RemovalWork::forget_types(const Group& group, Log* log) {
  constexpr int kTriesMax = 3;
  for (int i = 0; i < kTriesMax && !unseen_.empty(); i++) {
    {
      std::unique_lock lock(bucket_.index.mutex());
      if (bucket_.writes_under_way.none()) {
        (void)leave_out_head_fields(group);
        for (FieldId field : unseen_) {
          bucket_.index.forget_field_type(group.start_ns, group.measurements[measurement_], field);
        }
        return;
      }
    }
    // What is queued now is applied after it.
    if (log == nullptr || !log->run([] { return Result<void>(); }).ok()) return;
  }
}

}  // namespace weir::store
