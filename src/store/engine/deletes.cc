// EngineCore: deletes. A delete is a log record. Applied, it removes rows from the head and hides
// older cells of chunks from scans; then the chunks themselves are rewritten without those cells,
// or removed, and it is forgotten. Until a checkpoint its record stays in the log, so that a stop
// in between repeats the rewriting.
#include <algorithm>

#include "store/engine/chunk_reader.h"
#include "store/engine/engine_core.h"
#include "store/engine/removal_filter.h"

namespace weir::store {
namespace {

std::string describe(std::string_view chunk_key) {
  std::optional<ChunkKey> key = ChunkKey::decode(chunk_key);
  return key ? key->describe() : "a chunk whose key does not read";
}

}  // namespace

Result<void> EngineCore::remove(const DeleteSpec& spec) {
  if (spec.predicate != nullptr && tests_value(*spec.predicate)) {
    return Error{Errc::invalid, "a delete predicate cannot compare _value"};
  }
  std::lock_guard maintenance(maintenance_);
  WEIR_TRY(BucketPtr bucket, find(spec.bucket));
  RemovalRecord record{bucket->number, spec.start_ns, std::min(spec.stop_ns, kTimeMax),
                       spec.predicate};
  WEIR_CHECK(log_->submit_and_wait(RecordType::removal, encode(record)));
  return finish_removal(*bucket, 0);
}

// On the log's thread, in order with the rows around it.
void EngineCore::apply_removal(Bucket& bucket, uint64_t lsn, const RemovalRecord& record) {
  Removal removal{lsn, record.start_ns, record.stop_ns, record.predicate};
  std::shared_lock index_lock(bucket.index.mutex());
  bool exact = true;
  Roaring candidates = bucket.index.select(record.predicate.get(), exact);
  std::lock_guard head_lock(bucket.head.mutex());
  bucket.head.visit_groups(record.start_ns, record.stop_ns, [&](ShardGroup& group) {
    for (SeriesId series : group.live& candidates) {
      if (!group.series.contains(series)) continue;
      RemovalFilter filter(bucket.index, series, record.predicate);
      bucket.head.remove(group, series, record.start_ns, record.stop_ns,
                         [&](LayoutField field) { return filter.removes(field.field); });
    }
  });
  bucket.head.removals().push_back(std::move(removal));
}

// Carries out the bucket's pending removals (of record `lsn`, or all if 0) on its chunks.
Result<void> EngineCore::finish_removal(Bucket& bucket, uint64_t lsn) {
  std::vector<Removal> pending;
  {
    std::lock_guard lock(bucket.head.mutex());
    pending = bucket.head.removals();
  }
  for (const Removal& removal : pending) {
    if (lsn != 0 && removal.lsn != lsn) continue;
    Roaring candidates;
    {
      std::shared_lock lock(bucket.index.mutex());
      bool exact = true;
      candidates = bucket.index.select(removal.predicate.get(), exact);
    }
    std::vector<std::pair<int64_t, Roaring>> touched;
    {
      std::lock_guard lock(bucket.head.mutex());
      bucket.head.visit_groups(removal.start_ns, removal.stop_ns, [&](ShardGroup& group) {
        touched.emplace_back(group.start_ns, group.live & candidates);
        group.changed = true;
      });
    }
    for (const auto& [start, series_set] : touched) {
      for (SeriesId series : series_set) {
        WEIR_CHECK(remove_chunks(bucket, removal, start, series));
      }
      WEIR_CHECK(forget_unused(bucket, start, series_set));
    }
    std::lock_guard lock(bucket.head.mutex());
    std::erase_if(bucket.head.removals(),
                  [&](const Removal& other) { return other.lsn == removal.lsn; });
  }
  return {};
}

Result<void> EngineCore::remove_chunks(Bucket& bucket, const Removal& removal,
                                       int64_t group_start_ns, SeriesId series) {
  std::optional<RemovalFilter> filter;
  {
    std::shared_lock lock(bucket.index.mutex());
    filter.emplace(bucket.index, series, removal.predicate);
  }
  std::string prefix = ChunkKey::series_prefix(bucket.number, group_start_ns, series);
  std::vector<std::string> deleted;
  std::vector<EncodedChunk> rewritten;
  auto chunks = chunks_->iterator(nullptr);
  for (chunks->seek(prefix); chunks->valid() && chunks->key().starts_with(prefix); chunks->next()) {
    std::optional<ChunkKey> key = ChunkKey::decode(chunks->key());
    if (!key) return Error{Errc::io, "chunk store: a chunk's key does not read"};
    if (key->lsn > removal.lsn || key->time_min_ns > removal.stop_ns) continue;
    Result<ChunkReader> chunk = ChunkReader::open(chunks->value());
    if (!chunk.ok()) return std::move(chunk).error().with_context(key->describe());
    if (chunk->time_max_ns() < removal.start_ns) continue;
    bool any_removed = false;
    std::vector<NamedRun> kept;
    Result<std::vector<int64_t>> times = chunk->times();
    if (!times.ok()) return std::move(times).error().with_context(key->describe());
    for (const ColumnHeader& column : chunk->columns()) {
      bool removes = filter->removes(column.field.field) &&
                     column.time_first_ns <= removal.stop_ns &&
                     column.time_last_ns >= removal.start_ns;
      any_removed |= removes;
      if (removes && column.time_first_ns >= removal.start_ns &&
          column.time_last_ns <= removal.stop_ns) {
        continue;  // all of it
      }
      Result<FieldRun> run = chunk->run(column, *times);
      if (!run.ok()) return std::move(run).error().with_context(key->describe());
      if (removes) cut_run(*run, removal.start_ns, removal.stop_ns);
      if (run->rows() > 0) kept.push_back({column.field.field, std::move(*run)});
    }
    if (!any_removed) continue;
    deleted.emplace_back(chunks->key());
    if (kept.empty()) continue;
    for (EncodedChunk& part :
         encode_chunks(*key, std::move(kept), chunk->lsn_min(), chunk->lsn_max())) {
      rewritten.push_back(std::move(part));
    }
  }
  WEIR_CHECK(chunks->status());
  if (deleted.empty()) return {};
  return chunks_->write(rewritten, deleted);
}

Result<bool> EngineCore::has_chunks(Bucket& bucket, int64_t group_start_ns, SeriesId series) {
  std::string prefix = ChunkKey::series_prefix(bucket.number, group_start_ns, series);
  auto chunks = chunks_->iterator(nullptr);
  chunks->seek(prefix);
  WEIR_CHECK(chunks->status());
  return chunks->valid() && chunks->key().starts_with(prefix);
}

// Series of `touched` without data leave the group, and so do fields without values.
Result<void> EngineCore::forget_unused(Bucket& bucket, int64_t group_start_ns,
                                       const Roaring& touched) {
  std::vector<bool> measurements;
  {
    std::shared_lock lock(bucket.index.mutex());
    measurements.resize(bucket.index.measurement_count());
    for (SeriesId series : touched) measurements[bucket.index.measurement_of(series)] = true;
  }
  for (SeriesId series : touched) {
    WEIR_TRY(bool in_chunks, has_chunks(bucket, group_start_ns, series));
    if (in_chunks) continue;
    std::lock_guard lock(bucket.head.mutex());
    auto group = bucket.head.groups().find(group_start_ns);
    if (group != bucket.head.groups().end() && !group->second.series.contains(series)) {
      group->second.live.remove(series);
    }
  }
  for (size_t id = 0; id < measurements.size(); id++) {
    if (!measurements[id]) continue;
    WEIR_CHECK(forget_unused_fields(bucket, group_start_ns, static_cast<MeasurementId>(id)));
  }
  return {};
}

Result<void> EngineCore::forget_unused_fields(Bucket& bucket, int64_t group_start_ns,
                                              MeasurementId measurement) {
  std::vector<FieldId> unseen;
  Roaring series_set;
  {
    std::shared_lock index_lock(bucket.index.mutex());
    unseen = bucket.index.registered_fields(group_start_ns, measurement);
    series_set = leave_out_head_fields(bucket, group_start_ns, measurement, unseen);
  }
  // Usually the first series has them all.
  for (SeriesId series : series_set) {
    if (unseen.empty()) return {};
    std::string prefix = ChunkKey::series_prefix(bucket.number, group_start_ns, series);
    auto chunks = chunks_->iterator(nullptr);
    for (chunks->seek(prefix);
         !unseen.empty() && chunks->valid() && chunks->key().starts_with(prefix); chunks->next()) {
      Result<ChunkReader> chunk = ChunkReader::open(chunks->value());
      if (!chunk.ok()) return std::move(chunk).error().with_context(describe(chunks->key()));
      for (const ColumnHeader& column : chunk->columns()) std::erase(unseen, column.field.field);
    }
    WEIR_CHECK(chunks->status());
  }
  // Rows on their way may rely on a type that is to go. With writers that never pause it stays,
  // which only means that the field keeps its type.
  constexpr int kTriesMax = 3;
  for (int i = 0; i < kTriesMax && !unseen.empty(); i++) {
    {
      std::unique_lock lock(bucket.index.mutex());
      if (bucket.writes_under_way == 0) {
        (void)leave_out_head_fields(bucket, group_start_ns, measurement, unseen);
        for (FieldId field : unseen) {
          bucket.index.forget_field_type(group_start_ns, measurement, field);
        }
        return {};
      }
    }
    if (log_ == nullptr) return {};
    WEIR_CHECK(log_->run([] { return Result<void>(); }));  // what is queued now is applied after it
  }
  return {};
}

// Takes the fields that have rows in the head out of `unseen`; returns the measurement's series
// with data in the group. With the index's mutex held.
Roaring EngineCore::leave_out_head_fields(Bucket& bucket, int64_t group_start_ns,
                                          MeasurementId measurement, std::vector<FieldId>& unseen) {
  Roaring series_set;
  std::lock_guard head_lock(bucket.head.mutex());
  auto group = bucket.head.groups().find(group_start_ns);
  if (group == bucket.head.groups().end()) return series_set;
  bucket.index.measurement_series(measurement).add_to(series_set);
  series_set &= group->second.live;
  auto see = [&](const std::shared_ptr<RowGroup>& rows) {
    if (rows == nullptr) return;
    for (const RowGroup::Column& column : rows->columns()) std::erase(unseen, column.field.field);
  };
  for (SeriesId series : series_set) {
    if (unseen.empty()) break;
    auto head = group->second.series.find(series);
    if (head == group->second.series.end()) continue;
    for (const Piece& piece : head->second->frozen) see(piece.main), see(piece.late);
    see(head->second->active.main), see(head->second->active.late);
  }
  return series_set;
}

}  // namespace weir::store
