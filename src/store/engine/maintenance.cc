// EngineCore: the background thread's rounds: retention, age, memory, log size.
#include <pthread.h>

#include <algorithm>

#include "base/log.h"
#include "store/engine/engine_core.h"
#include "store/engine/metrics.h"
#include "store/write_rules.h"

namespace weir::store {
namespace {

constexpr int64_t kRoundMs = 1000;
// Between two rounds of joining: so it takes half of a core at most, and lets others have their
// turn.
constexpr int64_t kJoinPauseMs = 100;
constexpr int64_t kRetentionEveryMs = 30 * 60 * 1000;  // as often as InfluxDB looks
// Rows older than this are sealed however few they are: it bounds what a restart must replay.
constexpr int64_t kSealAgeMs = 4 * 60 * 60 * 1000;
constexpr int64_t kAgeEveryMs = 60 * 1000;  // looking for them visits every series
// Chunks in RocksDB's memory that a checkpoint should write out.
constexpr uint64_t kCheckpointBytes = 48 * 1024 * 1024;
constexpr int64_t kLongLogEveryMs = 10 * 1000;
// How long a round works on deletes before rows that wait to be sealed have their turn.
constexpr auto kRemovalsTurn = std::chrono::milliseconds(200);

}  // namespace

void EngineCore::wake_maintenance() {
  auto wake = wake_.lock();
  if (wake->requested) return;
  wake->requested = true;
  woken_.notify_one();
}

bool EngineCore::work_waits() const {
  if (static_cast<uint64_t>(memory_->load(std::memory_order_relaxed)) > options_.head_bytes_max) {
    return true;
  }
  return has_frozen();
}

bool EngineCore::has_frozen() const {
  for (const BucketPtr& bucket : all_buckets()) {
    std::lock_guard lock(bucket->head.mutex());
    if (bucket->head.has_frozen()) return true;
  }
  return false;
}

void EngineCore::run_maintenance() {
  pthread_setname_np(pthread_self(), "weir-seal");
  std::string failure;  // of the last round
  while (true) {
    {
      auto wake = wake_.lock();
      wake.wait_for(
          woken_,
          std::chrono::milliseconds(rechunk_waits_ || forget_waits_ ? kJoinPauseMs : kRoundMs),
          [&] { return wake->requested || wake->stopping; });
      if (wake->stopping) return;
      wake->requested = false;
    }
    Result<void> done = maintain();
    if (done.ok() && !failure.empty()) log::info("store", "maintenance goes on");
    if (!done.ok() && done.error().message != failure) {
      log::error("store", "maintenance: {}; it is tried again", done.error().message);
    }
    failure = done.ok() ? std::string() : done.error().message;
    bool goes_on = removals_waiting() > 0;
    auto wake = wake_.lock();
    if (!done.ok()) {  // not at once, whoever asks
      wake.wait_for(woken_, std::chrono::milliseconds(kRoundMs), [&] { return wake->stopping; });
    }
    wake->requested |= goes_on;
  }
}

Result<void> EngineCore::maintain() {
  Result<void> done = maintain_once();
  if (done.ok()) done = compact();
  maintenance_failed.set(done.ok() ? 0 : 1);
  *maintenance_failure_.lock() = done.ok() ? std::string() : done.error().message;
  return done;
}

Result<void> EngineCore::maintain_once() {
  {
    std::lock_guard maintenance(maintenance_);
    WEIR_CHECK(maintenance_round());
  }
  auto now = std::chrono::steady_clock::now();
  WEIR_CHECK(carry_out_removals(options_.background ? now + kRemovalsTurn : now.max()));
  std::lock_guard maintenance(maintenance_);
  if (log_->failure().ok()) forget_empty_series();
  return checkpoint_wanted_ && log_->failure().ok() ? checkpoint() : Result<void>();
}

Result<void> EngineCore::maintenance_round() {
  int64_t now_ms = clock_.steady_ms();
  if (!options_.background || last_retention_ms_ == 0 ||
      now_ms - last_retention_ms_ >= kRetentionEveryMs) {
    WEIR_CHECK(drop_expired_groups());
    last_retention_ms_ = std::max<int64_t>(now_ms, 1);
  }
  WEIR_CHECK(erase_dropped_chunks());
  // A log that failed has said so; until it is reopened no row comes, and none can be freed. One
  // that finds no room may get it from a checkpoint.
  if (!log_->failure().ok()) return {};
  freeze_due();
  bool settles = freeze_idle(now_ms);
  WEIR_CHECK(seal_frozen());
  uint64_t log_bytes = writer_->total_bytes(), log_rows = replay_rows_.amount();
  bool log_is_long = log_bytes > options_.log_bytes_max || log_rows > options_.replay_rows_max;
  if ((log_is_long && now_ms >= long_log_ms_) || settles || checkpoint_wanted_ ||
      sealed_bytes_ > kCheckpointBytes) {
    WEIR_CHECK(checkpoint());
    // What a long delete still needs cannot be freed by asking every second.
    bool is_shorter = writer_->total_bytes() < log_bytes || replay_rows_.amount() < log_rows;
    if (!is_shorter) long_log_ms_ = now_ms + kLongLogEveryMs;
  }
  if (settles) WEIR_CHECK(release_log());
  return rechunk();
}

// Freezes rows that are old, or whose log records should go, or that take too much memory.
void EngineCore::freeze_due() {
  uint64_t freed_lsn = 0;  // freeze what is older than this record
  std::vector<WalSegment> segments = writer_->segments();
  if (writer_->total_bytes() > options_.log_bytes_max) {
    freed_lsn = segments[segments.size() / 2].end_lsn;  // a half at once, not a little each second
  }
  if (replay_rows_.amount() > options_.replay_rows_max) {
    freed_lsn = std::max(freed_lsn, replay_rows_.middle_lsn());
  }
  auto used = static_cast<uint64_t>(memory_->load(std::memory_order_relaxed));
  bool memory_is_full = used > options_.head_bytes_max;
  // The largest pieces that together free enough: small ones make chunks that are mostly header.
  size_t freed_bytes = memory_is_full ? piece_bytes_that_free(used / 2) : SIZE_MAX;
  int64_t now_ms = clock_.steady_ms();
  bool age_is_due = !options_.background || now_ms - last_age_ms_ >= kAgeEveryMs;
  if (!memory_is_full && freed_lsn == 0 && !age_is_due) return;
  last_age_ms_ = now_ms;
  for (const BucketPtr& bucket : all_buckets()) {
    std::lock_guard lock(bucket->head.mutex());
    bucket->head.freeze([&](const Piece& piece) {
      return piece.bytes() >= freed_bytes || piece.first_append_ms < now_ms - kSealAgeMs ||
             piece.lsn_min < freed_lsn;
    });
  }
}

Result<void> EngineCore::drop_expired_groups() {
  for (const BucketPtr& bucket : all_buckets()) {
    std::vector<int64_t> expired;
    {
      std::lock_guard head_lock(bucket->head.mutex());
      for (const auto& [start, group] : bucket->head.groups()) {
        if (group_expired(bucket->options(), start, clock_.wall_ns())) expired.push_back(start);
      }
    }
    for (int64_t start : expired) {
      // Chunks before catalog before memory: what fails is tried again by the next round, and after
      // a stop, as long as the group is known.
      std::string prefix = ChunkKey::group_prefix(bucket->number, start);
      WEIR_CHECK(chunks_->remove_prefix(prefix));
      WEIR_CHECK(chunks_->flush());
      to_compact_.push_back(std::move(prefix));
      WEIR_CHECK(
          chunks_->write_catalog({{catalog::group_key(bucket->number, start), std::nullopt},
                                  {catalog::joined_key(bucket->number, start), std::nullopt}}));
      std::unique_lock index_lock(bucket->index.mutex());
      std::lock_guard head_lock(bucket->head.mutex());
      const int64_t end_ns = shard_group_end(start, bucket->head.group_duration_ns());
      for (SeriesId series : bucket->head.group(start).live) {
        bucket->last_values.forget_within(series, start, end_ns);
      }
      bucket->head.drop_group(start);
      bucket->may_have_empty_series = true;
      bucket->index.forget_group(start);
      log::info("store", "bucket {}: dropped the shard group that starts at {}",
                id_to_text(bucket->id), start);
    }
  }
  return {};
}

}  // namespace weir::store
