// EngineCore: from head to chunks, and the checkpoint that frees the log.
#include <algorithm>

#include "base/log.h"
#include "store/engine/engine_core.h"
#include "store/engine/metrics.h"
#include "store/engine/piece_runs.h"

namespace weir::store {
namespace {

std::vector<LastValues::Cell> newest_of(const std::vector<NamedRun>& runs) {
  std::vector<LastValues::Cell> newest;
  for (const NamedRun& named : runs) {
    bool is_text = named.run.type == model::FieldType::string;
    newest.push_back({{named.field, named.run.type},
                      named.run.times.back(),
                      is_text ? 0 : named.run.bits.back()});
  }
  return newest;
}

// With the head's mutex held, when rows up to record `lsn` have become chunks.
void note_newest(Bucket& bucket, SeriesId series, uint64_t lsn,
                 std::span<const LastValues::Cell> newest) {
  // A delete that came after the rows were taken from the head hides some in the chunks.
  for (const Removal& removal : bucket.head.removals()) {
    if (removal.lsn <= lsn) continue;
    for (const LastValues::Cell& cell : newest) {
      if (cell.time_ns >= removal.start_ns && cell.time_ns <= removal.stop_ns) {
        return bucket.last_values.forget(series);
      }
    }
  }
  bucket.last_values.add_sealed(series, newest);
}

}  // namespace

Result<void> EngineCore::seal_all() {
  // A stop need not wait for a long delete: the next start goes on with it.
  constexpr auto kRemovalsWait = std::chrono::seconds(2);
  WEIR_CHECK(carry_out_removals(std::chrono::steady_clock::now() + kRemovalsWait));
  std::lock_guard maintenance(maintenance_);
  // From the log's thread, between two records: everything written before now is in.
  Result<void> rotated = log_->run([this]() -> Result<void> {
    for (const BucketPtr& bucket : all_buckets()) {
      std::lock_guard lock(bucket->head.mutex());
      bucket->head.freeze([](const Piece&) { return true; });
    }
    return writer_->rotate();
  });
  WEIR_CHECK(log_->failure());
  WEIR_CHECK(seal_frozen());
  WEIR_CHECK(checkpoint());
  return rotated;  // on a full disk the log keeps its last segment
}

Result<void> EngineCore::seal_frozen() {
  // RocksDB may write chunks to disk at any time. Were their records lost with the machine, their
  // LSNs would be given again, to rows that replay then takes for sealed. In a sync log those in
  // the head are synced already.
  if (options_.durability.mode != Durability::Mode::sync && has_frozen()) {
    WEIR_CHECK(log_->sync_all());
  }
  for (const BucketPtr& bucket : all_buckets()) WEIR_CHECK(seal_frozen(*bucket));
  return {};
}

Result<void> EngineCore::seal_frozen(Bucket& bucket) {
  std::vector<FrozenAt> waiting;
  {
    std::lock_guard lock(bucket.head.mutex());
    waiting = bucket.head.take_frozen();
  }
  // In key order, and each series once.
  std::sort(waiting.begin(), waiting.end(), [](const FrozenAt& a, const FrozenAt& b) {
    return std::pair(a.group_start_ns, a.series) < std::pair(b.group_start_ns, b.series);
  });
  waiting.erase(std::unique(waiting.begin(), waiting.end(),
                            [](const FrozenAt& a, const FrozenAt& b) {
                              return a.group_start_ns == b.group_start_ns && a.series == b.series;
                            }),
                waiting.end());
  constexpr size_t kBatchBytes = 1024 * 1024;  // one write to RocksDB
  std::vector<EncodedChunk> chunks;
  struct Covered {
    FrozenAt at;
    uint64_t lsn = 0;  // of the last record sealed
    size_t chunks = 0;
    std::vector<LastValues::Cell> newest;
  };
  std::vector<Covered> covered;
  size_t bytes = 0;
  auto write = [&]() -> Result<void> {
    if (chunks.empty() && covered.empty()) return {};
    WEIR_CHECK(chunks_->write(chunks, {}));
    seals_total.add(covered.size());
    chunks_written_total.add(chunks.size());
    chunk_written_bytes_total.add(bytes);
    sealed_bytes_ += bytes;
    std::lock_guard lock(bucket.head.mutex());
    for (const Covered& series : covered) {
      bucket.head.forget_frozen(series.at, series.lsn);
      note_newest(bucket, series.at.series, series.lsn, series.newest);
      ShardGroup& group = bucket.head.group(series.at.group_start_ns);
      group.unjoined.add(series.at.series);
      group.chunks_unjoined += series.chunks;
      group.changed = true;
    }
    chunks.clear();
    covered.clear();
    bytes = 0;
    return {};
  };
  Result<void> result;
  size_t done = 0;  // entries whose chunks are written
  for (size_t i = 0; i < waiting.size() && result.ok(); i++) {
    std::vector<Piece> pieces;
    {
      std::lock_guard lock(bucket.head.mutex());
      pieces = bucket.head.frozen_pieces(waiting[i]);
    }
    if (!pieces.empty()) {
      ChunkKey key{bucket.number, waiting[i].group_start_ns, waiting[i].series, 0, 0, 0};
      size_t before = chunks.size();
      std::vector<NamedRun> runs = runs_of(pieces);
      std::vector<LastValues::Cell> newest = newest_of(runs);
      for (EncodedChunk& chunk :
           encode_chunks(key, std::move(runs), pieces.front().lsn_min, pieces.back().lsn_max)) {
        bytes += chunk.value.size();
        chunks.push_back(std::move(chunk));
      }
      covered.push_back(
          {waiting[i], pieces.back().lsn_max, chunks.size() - before, std::move(newest)});
      if (bucket.removal_work) bucket.removal_work->note_sealed(waiting[i], pieces);
    }
    if (bytes >= kBatchBytes || i + 1 == waiting.size()) {
      result = write();
      if (result.ok()) done = i + 1;
    }
  }
  if (!result.ok()) {  // they stay in the head and are tried again
    std::lock_guard lock(bucket.head.mutex());
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<ptrdiff_t>(done));
    bucket.head.return_frozen(std::move(waiting));
  }
  head_bytes.set(static_cast<double>(memory_->load(std::memory_order_relaxed)));
  return result;
}

Result<void> EngineCore::checkpoint() {
  WEIR_CHECK(log_->failure());
  WEIR_CHECK(erase_dropped_chunks());
  // Records after this one are not looked at: they stay in the log.
  uint64_t oldest = log_->applied_lsn() + 1;
  // The log must reach as far as the catalog says, or the next opening would find a gap.
  if (options_.durability.mode != Durability::Mode::sync) WEIR_CHECK(log_->sync_all());
  std::vector<BucketPtr> buckets = all_buckets();
  for (const BucketPtr& bucket : buckets) {
    std::lock_guard lock(bucket->head.mutex());
    oldest = bucket->head.oldest_lsn(oldest);
  }
  // The order matters: chunks and catalog are on disk before the records they came from go.
  WEIR_CHECK(chunks_->flush());
  sealed_bytes_ = 0;
  checkpoint_wanted_ = false;
  // What was removed is in files now, and hidden by others: together they give the space back.
  to_compact_.insert(to_compact_.end(), removed_prefixes_.begin(), removed_prefixes_.end());
  removed_prefixes_.clear();
  std::vector<ChunkStore::CatalogWrite> writes;
  std::vector<Saved> saved;
  for (const BucketPtr& bucket : buckets) saved.push_back(save_bucket(bucket, writes));
  CatalogMeta meta = meta_;
  meta.log_start_lsn = std::max(meta.log_start_lsn, oldest);
  meta.next_bucket = buckets_.lock()->next_number;
  // Replay needs a dropped bucket's names until it begins behind the drop; then they go in the same
  // write as the log start moves.
  std::vector<BucketNumber> forgotten = dropped_before(meta.log_start_lsn);
  for (BucketNumber number : forgotten) {
    for (const std::string& prefix : catalog::bucket_prefixes(number)) {
      writes.push_back({prefix, std::nullopt, true});
    }
    writes.push_back({catalog::bucket_key(number), std::nullopt});
  }
  for (const Saved& part : saved) {
    if (write_forgotten(*part.bucket, meta.log_start_lsn, part.series, writes)) {
      meta.version = kFormatVersionWithGaps;
    }
  }
  writes.push_back({std::string(catalog::kMetaKey), catalog::encode_meta(meta)});
  if (Result<void> written = chunks_->write_catalog(writes); !written.ok()) {
    // A full disk may have room again: the next checkpoint must write all of it once more.
    for (const Saved& part : saved) {
      std::lock_guard lock(part.bucket->head.mutex());
      for (int64_t start : part.groups) part.bucket->head.group(start).changed = true;
    }
    return written;
  }
  for (Saved& part : saved) {
    part.bucket->series_saved = part.series;
    part.bucket->measurements_saved = part.measurements;
    part.bucket->fields_saved = std::move(part.fields);
    std::erase_if(part.bucket->forgotten, [&](const ForgottenSeries& forgotten_series) {
      return forgotten_series.lsn < meta.log_start_lsn;
    });
  }
  meta_ = meta;
  replay_rows_.forget_before(meta_.log_start_lsn);
  std::erase_if(buckets_.lock()->dropped, [&](const Dropped& dropped) {
    return std::find(forgotten.begin(), forgotten.end(), dropped.number) != forgotten.end();
  });
  return remove_old_log();
}

// Segments whose records are all in chunks and catalog.
Result<void> EngineCore::remove_old_log() {
  WEIR_CHECK(writer_->remove_before(meta_.log_start_lsn));
  std::vector<WalSegment> segments = writer_->segments();
  for (const BucketPtr& bucket : all_buckets()) {
    bucket->log_share.forget_before(segments.empty() ? UINT64_MAX : segments.front().first_lsn);
  }
  return {};
}

// What the bucket's index and groups gained since they were saved. Definitions whose records are
// still on their way to the log may be among it: they are merely defined early.
EngineCore::Saved EngineCore::save_bucket(BucketPtr shared,
                                          std::vector<ChunkStore::CatalogWrite>& writes) {
  Bucket& bucket = *shared;
  Saved saved{std::move(shared), 0, 0, bucket.fields_saved, {}};
  BucketRecord record{bucket.number, bucket.id, bucket.options()};
  writes.push_back({catalog::bucket_key(bucket.number), encode(record)});
  std::shared_lock index_lock(bucket.index.mutex());
  saved.series = bucket.index.series_count();
  if (saved.series > bucket.series_saved) bucket.may_have_empty_series = true;
  for (size_t series = bucket.series_saved; series < saved.series; series++) {
    auto id = static_cast<SeriesId>(series);
    writes.push_back({catalog::series_key(bucket.number, id), bucket.index.key(id).canonical()});
  }
  saved.measurements = bucket.index.measurement_count();
  for (size_t measurement = bucket.measurements_saved; measurement < saved.measurements;
       measurement++) {
    auto id = static_cast<MeasurementId>(measurement);
    writes.push_back(
        {catalog::measurement_key(bucket.number, id), bucket.index.measurement_name(id)});
  }
  saved.fields.resize(saved.measurements);
  for (MeasurementId id = 0; id < saved.measurements; id++) {
    const std::vector<std::string>& names = bucket.index.fields(id);
    if (saved.fields[id] == names.size()) continue;
    saved.fields[id] = names.size();
    writes.push_back({catalog::fields_key(bucket.number, id), catalog::encode_fields(names)});
  }
  std::lock_guard head_lock(bucket.head.mutex());
  for (auto& [start, group] : bucket.head.groups()) {
    if (!group.changed) continue;
    group.changed = false;
    saved.groups.push_back(start);
    writes.push_back({catalog::group_key(bucket.number, start),
                      catalog::encode_group(group, bucket.index.group_types(start))});
    std::optional<std::string> joined;
    if (group.unjoined.isEmpty()) joined.emplace();
    writes.push_back({catalog::joined_key(bucket.number, start), std::move(joined)});
  }
  return saved;
}

}  // namespace weir::store
