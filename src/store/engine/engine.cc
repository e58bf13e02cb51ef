#include "store/engine/engine.h"

#include <fmt/core.h>
#include <unistd.h>

#include "base/log.h"
#include "store/engine/engine_core.h"
#include "store/engine/metrics.h"
#include "store/engine/write_resolver.h"
#include "store/write_rules.h"

namespace weir::store {
namespace {

// Sealing cannot keep up, or fails: beyond this many times its budget the head takes no more.
constexpr uint64_t kHeadOverload = 2;
// Before that, senders are asked to pause: what they have sent already must still fit.
constexpr uint64_t kHeadCongestedPercent = 150;

uint64_t default_head_bytes() {
  constexpr uint64_t kMost = uint64_t(1) << 30;
  auto pages = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES));
  auto page_bytes = static_cast<uint64_t>(::sysconf(_SC_PAGE_SIZE));
  return std::min(kMost, pages * page_bytes / 4);
}

// Calls a write's completion when the last of its records is done, with the first error.
class Completion {
 public:
  Completion(WriteDone done, WriteOutcome outcome, size_t records, WriteUnderWay under_way)
      : done_(std::move(done)),
        outcome_(std::move(outcome)),
        waiting_(records),
        under_way_(std::move(under_way)) {}

  void finish(Result<void> result) {
    if (!result.ok()) {
      auto error = error_.lock();
      if (!*error) *error = result.error();
    }
    if (waiting_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    under_way_.end();
    std::optional<Error> error = *error_.lock();
    if (error) {
      done_(std::move(*error));
    } else {
      done_(std::move(outcome_));
    }
  }

 private:
  WriteDone done_;
  WriteOutcome outcome_;
  std::atomic<size_t> waiting_;
  WriteUnderWay under_way_;
  Guarded<std::optional<Error>> error_;
};

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open(EngineOptions options, FileSystem& files,
                                             const Clock& clock) {
  auto engine = std::make_unique<EngineCore>(std::move(options), files, clock);
  WEIR_CHECK(engine->recover());
  return std::unique_ptr<Engine>(std::move(engine));
}

EngineCore::EngineCore(EngineOptions options, FileSystem& files, const Clock& clock)
    : options_(std::move(options)), files_(files), clock_(clock) {
  if (options_.head_bytes_max == 0) options_.head_bytes_max = default_head_bytes();
}

EngineCore::~EngineCore() { (void)close(); }

Result<void> EngineCore::close() {
  {
    auto wake = wake_.lock();
    wake->stopping = stopping_ = true;
    woken_.notify_all();
  }
  if (maintenance_thread_.joinable()) maintenance_thread_.join();
  if (compaction_thread_.joinable()) compaction_thread_.join();
  return log_ == nullptr ? Result<void>() : log_->stop();
}

Result<BucketPtr> EngineCore::find(BucketId id) const {
  auto buckets = buckets_.lock();
  auto found = buckets->by_id.find(id);
  if (found != buckets->by_id.end()) return found->second;
  return Error{Errc::not_found, "bucket " + id_to_text(id) + " does not exist"};
}

BucketPtr EngineCore::find(BucketNumber number) const {
  auto buckets = buckets_.lock();
  auto found = buckets->by_number.find(number);
  return found == buckets->by_number.end() ? nullptr : found->second;
}

std::vector<BucketPtr> EngineCore::all_buckets() const {
  std::vector<BucketPtr> all;
  auto buckets = buckets_.lock();
  for (const auto& [number, bucket] : buckets->by_number) all.push_back(bucket);
  return all;
}

Result<void> EngineCore::create_bucket(BucketId id, const BucketOptions& options) {
  std::lock_guard maintenance(maintenance_);
  BucketRecord record{0, id, options};
  record.options.shard_group_duration_ns = shard_group_duration(options);
  {
    auto buckets = buckets_.lock();
    if (buckets->by_id.contains(id)) {
      return Error{Errc::conflict, "bucket " + id_to_text(id) + " exists already"};
    }
    record.number = buckets->next_number++;
  }
  return log_->submit_and_wait(RecordType::bucket, encode(record));
}

Result<void> EngineCore::update_bucket(BucketId id, const BucketOptions& options) {
  std::lock_guard maintenance(maintenance_);
  WEIR_TRY(BucketPtr bucket, find(id));
  BucketRecord record{bucket->number, id, {options.retention_ns, bucket->head.group_duration_ns()}};
  return log_->submit_and_wait(RecordType::bucket, encode(record));
}

Result<void> EngineCore::drop_bucket(BucketId id) {
  std::lock_guard maintenance(maintenance_);
  WEIR_TRY(BucketPtr bucket, find(id));
  WEIR_CHECK(log_->submit_and_wait(RecordType::bucket_drop, encode_bucket_drop(bucket->number)));
  // It is dropped, whatever comes now: what cannot be erased is tried again by the next round.
  if (Result<void> erased = erase_dropped_chunks(); !erased.ok()) {
    log::warn("store", "bucket {}: {}", id_to_text(id), erased.error().message);
  }
  checkpoint_wanted_ = true;
  return {};
}

// Chunks of dropped buckets go at once, their catalog entries with the checkpoint that frees the
// drop's record: until then a replay reads records of theirs.
Result<void> EngineCore::erase_dropped_chunks() {
  std::vector<Dropped> waiting = buckets_.lock()->dropped;
  for (const Dropped& dropped : waiting) {
    if (dropped.chunks_erased) continue;
    std::string prefix = ChunkKey::bucket_prefix(dropped.number);
    WEIR_CHECK(chunks_->remove_prefix(prefix));
    removed_prefixes_.insert(std::move(prefix));
    auto buckets = buckets_.lock();
    for (Dropped& same : buckets->dropped) same.chunks_erased |= same.number == dropped.number;
  }
  return {};
}

std::vector<BucketNumber> EngineCore::dropped_before(uint64_t lsn) const {
  std::vector<BucketNumber> numbers;
  auto buckets = buckets_.lock();
  for (const Dropped& dropped : buckets->dropped) {
    if (dropped.chunks_erased && dropped.lsn < lsn) numbers.push_back(dropped.number);
  }
  return numbers;
}

bool EngineCore::congested() const {
  // A log that failed takes nothing, however long its senders wait: they are to hear of it. For
  // room on the disk they wait.
  if (!log_->failure().ok()) return false;
  auto used = static_cast<uint64_t>(memory_->load(std::memory_order_relaxed));
  return used > options_.head_bytes_max / 100 * kHeadCongestedPercent || log_->congested();
}

Result<void> EngineCore::health() const {
  WEIR_CHECK(log_->health());
  auto failure = maintenance_failure_.lock();
  if (failure->empty()) return {};
  return Error{Errc::unavailable, "the store cannot write its chunks: " + *failure};
}

void EngineCore::write(BucketId id, model::PointBatch batch, WriteDone done) {
  Result<BucketPtr> found = find(id);
  if (!found.ok()) return done(std::move(found).error());
  // Asked first, so that a refused write defines nothing.
  if (Result<void> accepted = log_->accepts_rows(); !accepted.ok()) {
    return done(std::move(accepted).error());
  }
  if (static_cast<uint64_t>(memory_->load(std::memory_order_relaxed)) >
      kHeadOverload * options_.head_bytes_max) {
    return done(Error{Errc::unavailable,
                      "more rows wait for the disk than fit in memory; try again later"});
  }
  Bucket& bucket = **found;
  WriteUnderWay under_way(*found);
  WriteResolver resolver(bucket, *log_, clock_.wall_ns(), options_.series_per_bucket_max);
  if (Result<void> resolved = resolver.resolve(batch); !resolved.ok()) {
    return done(std::move(resolved).error());
  }
  points_dropped_total.add(resolver.outcome().dropped_points);
  series_refused_points_total.add(resolver.outcome().refused_series.size());
  std::vector<std::string>& records = resolver.records();
  if (records.empty()) return done(std::move(resolver.outcome()));
  values_written_total.add(resolver.values());
  bucket.values_written += resolver.values();
  auto completion = std::make_shared<Completion>(std::move(done), std::move(resolver.outcome()),
                                                 records.size(), std::move(under_way));
  const RecordType type = resolver.record_type();
  for (std::string& record : records) {
    log_->submit(type, std::move(record),
                 [completion](Result<void> result) { completion->finish(std::move(result)); });
  }
}

void EngineCore::put_bucket(const BucketRecord& record) {
  BucketPtr bucket;
  {
    auto buckets = buckets_.lock();
    buckets->next_number = std::max(buckets->next_number, record.number + 1);
    BucketPtr& slot = buckets->by_number[record.number];
    if (slot == nullptr) {
      slot = std::make_shared<Bucket>(record, memory_);
      buckets->by_id[record.id] = slot;
    }
    bucket = slot;
  }
  if (bucket->retention_ns == record.options.retention_ns) return;
  bucket->retention_ns = record.options.retention_ns;
  std::lock_guard lock(bucket->head.mutex());
  bucket->head.accept_all_times();
}

Result<void> EngineCore::apply_rows(const LogRecord& record, const Head::SealedLsn* sealed_lsn,
                                    BucketPtr& bucket) {
  RowsDecoder rows(record.type, record.body);
  if (bucket == nullptr || bucket->number != rows.bucket()) bucket = find(rows.bucket());
  if (bucket == nullptr) return {};  // dropped meanwhile
  bucket->log_share.add(record.lsn, record.body.size() + kLogRecordBytes);
  {
    std::lock_guard lock(bucket->head.mutex());
    WEIR_CHECK(bucket->head.apply(record.lsn, rows, clock_.steady_ms(), sealed_lsn));
  }
  replay_rows_.add(record.lsn, rows.points_seen());
  return {};
}

// Runs on the log's thread for records that this process wrote; definitions are known already.
void EngineCore::apply(const LogRecord& record) {
  Result<void> applied;
  switch (record.type) {
    case RecordType::bucket:
      put_bucket(*decode_bucket(record.body));
      break;
    case RecordType::bucket_drop: {
      auto buckets = buckets_.lock();
      auto found = buckets->by_number.find(*decode_bucket_drop(record.body));
      if (found == buckets->by_number.end()) break;
      buckets->dropped.push_back({found->first, record.lsn, false});
      buckets->by_id.erase(found->second->id);
      buckets->by_number.erase(found);
      break;
    }
    case RecordType::rows:
    case RecordType::packed_rows: {
      BucketPtr bucket;
      applied = apply_rows(record, nullptr, bucket);
      break;
    }
    case RecordType::removal: {
      Result<RemovalRecord> removal = decode_removal(record.body);
      applied = removal.ok() ? Result<void>() : Result<void>(removal.error());
      if (!removal.ok()) break;
      if (BucketPtr bucket = find(removal->bucket)) apply_removal(*bucket, record.lsn, *removal);
      break;
    }
    case RecordType::field_types: {
      // A checkpoint may come before the first row: it must save the type, since it frees this
      // record.
      Result<FieldTypeRecord> type = decode_field_type(record.body);
      applied = type.ok() ? Result<void>() : Result<void>(type.error());
      BucketPtr bucket = type.ok() ? find(type->bucket) : nullptr;
      if (bucket == nullptr) break;
      std::lock_guard lock(bucket->head.mutex());
      bucket->head.group(type->group_start_ns).changed = true;
      break;
    }
    case RecordType::series: {  // a long name is as much as many rows
      Result<SeriesRecord> series = decode_series(record.body);
      BucketPtr bucket = series.ok() ? find(series->bucket) : nullptr;
      if (bucket != nullptr) {
        bucket->log_share.add(record.lsn, record.body.size() + kLogRecordBytes);
      }
      break;
    }
    default:
      break;
  }
  WEIR_ASSERT(applied.ok(), "a record that this process encoded decodes");
  if (options_.background && is_rows(record.type) && work_waits()) wake_maintenance();
}

Result<BucketStatistics> EngineCore::statistics(BucketId id) {
  WEIR_TRY(BucketPtr bucket, find(id));
  BucketStatistics statistics;
  Roaring live;
  {
    std::lock_guard lock(bucket->head.mutex());
    for (const auto& [start, group] : bucket->head.groups()) {
      live |= group.live;
      if (group.live.isEmpty()) continue;
      statistics.first_time_ns =
          std::min(statistics.first_time_ns.value_or(kTimeMax), group.time_min_ns);
      statistics.last_time_ns =
          std::max(statistics.last_time_ns.value_or(kTimeMin), group.time_max_ns);
    }
  }
  statistics.series = live.cardinality();
  statistics.disk_bytes = chunks_->disk_bytes(ChunkKey::bucket_prefix(bucket->number));
  statistics.log_bytes = bucket->log_share.amount();
  statistics.values_written = bucket->values_written;
  return statistics;
}

Result<Cardinality> EngineCore::cardinality(BucketId id, size_t most) {
  WEIR_TRY(BucketPtr bucket, find(id));
  std::shared_lock lock(bucket->index.mutex());
  Cardinality found = bucket->index.cardinality(most);
  found.series_max = options_.series_per_bucket_max;
  return found;
}

}  // namespace weir::store
