// EngineCore: joining chunks in the background. A shard group at rest, or one whose series have got
// many chunks each, is gone through series by series, a bounded part a round, and its chunks are
// joined (chunk_join.h). The chunks joined and what they became are one write.
//
// A pending removal hides cells of chunks that are older than it, so a bucket that has one waits.
// One that comes meanwhile is newer than all that is joined here. Readers have their snapshot.
#include <pthread.h>

#include "base/log.h"
#include "store/engine/chunk_join.h"
#include "store/engine/engine_core.h"
#include "store/engine/metrics.h"

namespace weir::store {
namespace {

// What one round joins while others wait for the maintenance mutex: a tenth of a second.
constexpr uint64_t kRoundValues = 2'000'000;
// A group that is still written to is joined when its series have got so many chunks, on average.
constexpr uint64_t kChunksPerSeries = 8;
// While so much is written the processor is needed for that, and joining waits until ...
constexpr uint64_t kBusyValuesPerSecond = 200'000;
// ... so many chunks make reading slow.
constexpr uint64_t kChunksPerSeriesBusy = 64;
// A group is compacted when so much of it was joined away.
constexpr uint64_t kGarbagePart = 8;

}  // namespace

Result<void> EngineCore::rechunk() {
  const int64_t now_ms = clock_.steady_ms();
  const bool is_busy = writers_are_busy(now_ms);
  uint64_t values = 0;
  while (values < kRoundValues) {
    if (!joining_ && !start_joining(now_ms, is_busy)) break;
    WEIR_TRY(uint64_t joined, join_next_series());
    values += joined;
  }
  rechunk_waits_ = joining_.has_value();
  if (joining_ || !has_joined_cold_) return {};
  WEIR_CHECK(checkpoint());  // what is compacted next must be in files
  has_joined_cold_ = false;
  return release_log();
}

bool EngineCore::writers_are_busy(int64_t now_ms) {
  uint64_t values = 0;
  for (const BucketPtr& bucket : all_buckets()) values += bucket->values_written;
  const uint64_t written = values - std::min(values, std::exchange(values_seen_, values));
  const int64_t passed_ms = now_ms - std::exchange(values_seen_ms_, now_ms);
  return written * 1000 >
         kBusyValuesPerSecond * static_cast<uint64_t>(std::max<int64_t>(passed_ms, 1));
}

// Chooses the next group to go through; false if none has to be.
bool EngineCore::start_joining(int64_t now_ms, bool is_busy) {
  const uint64_t chunks_per_series = is_busy ? kChunksPerSeriesBusy : kChunksPerSeries;
  for (const BucketPtr& bucket : all_buckets()) {
    std::lock_guard lock(bucket->head.mutex());
    if (!bucket->head.removals().empty()) continue;
    for (auto& [start, group] : bucket->head.groups()) {
      if (group.unjoined.isEmpty()) continue;
      bool is_cold = group.series.empty() && now_ms - group.last_apply_ms >= group.settle_after_ms;
      if (!is_cold && group.chunks_unjoined < chunks_per_series * group.unjoined.cardinality()) {
        continue;
      }
      Joining joining{bucket, start, is_cold, {}, 0};
      joining.series.resize(group.unjoined.cardinality());
      group.unjoined.toUint32Array(joining.series.data());
      joining_ = std::move(joining);
      return true;
    }
  }
  return false;
}

// Returns about how many values it has decoded.
Result<uint64_t> EngineCore::join_next_series() {
  Joining& joining = *joining_;
  Bucket& bucket = *joining.bucket;
  {
    std::lock_guard lock(bucket.head.mutex());
    bool waits = !bucket.head.removals().empty();
    bool is_gone =
        find(bucket.number) == nullptr || !bucket.head.groups().contains(joining.group_start_ns);
    if (waits || is_gone) {
      joining_.reset();
      return uint64_t(0);
    }
  }
  uint64_t values = 1;
  if (joining.next < joining.series.size()) {
    SeriesId series = joining.series[joining.next];
    WEIR_TRY(values, join_series(bucket, series));
    joining.next++;
    std::lock_guard lock(bucket.head.mutex());
    bucket.head.group(joining.group_start_ns).unjoined.remove(series);
  }
  if (joining.next == joining.series.size()) finish_joining();
  return values;
}

void EngineCore::finish_joining() {
  const BucketPtr shared = joining_->bucket;  // outlives the lock
  Bucket& bucket = *shared;
  std::string prefix = ChunkKey::group_prefix(bucket.number, joining_->group_start_ns);
  const uint64_t disk_bytes = chunks_->disk_bytes(prefix);
  std::lock_guard lock(bucket.head.mutex());
  ShardGroup& group = bucket.head.group(joining_->group_start_ns);
  group.chunks_unjoined = 0;
  group.changed = true;
  if (joining_->is_cold && group.garbage_bytes > 0 &&
      group.garbage_bytes * kGarbagePart >= disk_bytes) {
    to_compact_.push_back(std::move(prefix));
    group.garbage_bytes = 0;
  }
  has_joined_cold_ |= joining_->is_cold;
  joining_.reset();
}

Result<uint64_t> EngineCore::join_series(Bucket& bucket, SeriesId series) {
  std::string prefix = ChunkKey::series_prefix(bucket.number, joining_->group_start_ns, series);
  std::vector<JoinCandidate> candidates;  // of one column group after the other
  auto chunks = chunks_->iterator(nullptr);
  for (chunks->seek(prefix); chunks->valid() && chunks->key().starts_with(prefix); chunks->next()) {
    std::optional<ChunkKey> key = ChunkKey::decode(chunks->key());
    Result<ChunkReader> chunk = ChunkReader::open(chunks->value());
    if (!key || !chunk.ok()) {
      log::error("store", "chunks are not joined: {}: {}", key ? key->describe() : "a chunk",
                 chunk.ok() ? "its key does not read" : chunk.error().message);
      return uint64_t(1);
    }
    candidates.push_back({*key, chunk->time_max_ns(), chunk->rows(), chunk->columns().size(),
                          chunks->value().size(), chunk->lsn_min(), chunk->is_joined()});
  }
  WEIR_CHECK(chunks->status());
  uint64_t values = 1;
  for (size_t begin = 0; begin < candidates.size();) {
    size_t end = begin + 1;
    while (end < candidates.size() &&
           candidates[end].key.column_group == candidates[begin].key.column_group) {
      end++;
    }
    std::span<const JoinCandidate> group(candidates.data() + begin, end - begin);
    for (const JoinRange& range : plan_joins(group, joining_->is_cold)) {
      WEIR_TRY(uint64_t joined,
               join_range(*chunks, group.subspan(range.begin, range.end - range.begin)));
      values += joined;
    }
    begin = end;
  }
  return values;
}

Result<uint64_t> EngineCore::join_range(ChunkIterator& chunks,
                                        std::span<const JoinCandidate> range) {
  ChunkKey key = range.front().key;
  uint64_t values = 0, lsn_min = UINT64_MAX, bytes = 0;
  std::vector<std::string> deleted;
  for (const JoinCandidate& candidate : range) key.lsn = std::max(key.lsn, candidate.key.lsn);
  for (const JoinCandidate& candidate : range) lsn_min = std::min(lsn_min, candidate.lsn_min);
  ChunkJoiner joiner(key, lsn_min);
  for (const JoinCandidate& candidate : range) {
    deleted.push_back(candidate.key.encode());
    chunks.seek(deleted.back());
    WEIR_CHECK(chunks.status());
    if (!chunks.valid() || chunks.key() != deleted.back()) {
      return Error{Errc::io, candidate.key.describe() + " is not there any more"};
    }
    Result<ChunkReader> chunk = ChunkReader::open(chunks.value());
    Result<void> added = chunk.ok() ? joiner.add(*chunk) : Result<void>(chunk.error());
    if (!added.ok()) {  // as it is damaged it stays as it is, for those who may save some of it
      log::error("store", "chunks are not joined: {}: {}", candidate.key.describe(),
                 added.error().message);
      return uint64_t(1);
    }
    values += candidate.rows * candidate.columns;
    bytes += candidate.bytes;
  }
  std::vector<EncodedChunk> joined = joiner.finish();
  WEIR_CHECK(chunks_->write(joined, deleted));
  {  // deleted keys stay as tombstones
    std::lock_guard lock(joining_->bucket->head.mutex());
    joining_->bucket->head.group(joining_->group_start_ns).garbage_bytes +=
        bytes + deleted.size() * kChunkKeyBytes;
  }
  chunks_joined_total.add(deleted.size());
  for (const EncodedChunk& chunk : joined) sealed_bytes_ += chunk.value.size();
  return values;
}

// A thread of its own, as long as it takes: sealing must not wait for it.
Result<void> EngineCore::compact() {
  if (is_compacting_) return {};
  if (compaction_thread_.joinable()) compaction_thread_.join();
  std::vector<std::string> prefixes;
  {
    std::lock_guard maintenance(maintenance_);
    if (!joining_ && !has_joined_cold_) prefixes = std::exchange(to_compact_, {});
  }
  if (prefixes.empty()) return {};
  auto work = [this, prefixes = std::move(prefixes)]() -> Result<void> {
    for (const std::string& prefix : prefixes) WEIR_CHECK(chunks_->compact(prefix, stopping_));
    return {};
  };
  if (!options_.background) return work();
  is_compacting_ = true;
  compaction_thread_ = std::thread([this, work = std::move(work)] {
    pthread_setname_np(pthread_self(), "weir-compact");
    if (Result<void> done = work(); !done.ok()) {
      log::error("store", "compaction: {}", done.error().message);
    }
    is_compacting_ = false;
  });
  return {};
}

}  // namespace weir::store
