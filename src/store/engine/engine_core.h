// EngineCore: the embedded store's parts and what happens between them.
//
// Locks, in the order in which they may be taken together:
//   maintenance_  sealing, checkpoints, deletes, retention, bucket changes: one of them at a time
//   an index's mutex, then a head's mutex
//   buckets_      the table of buckets; nothing is taken under it
// The log's thread applies records; it takes heads' mutexes and buckets_, never maintenance_.
// Writers take index mutexes only. Scans take an index's and a head's mutex briefly, at their
// beginning and, large ones, for each block of series; their threads take the same. Each group of
// functions has a file of its own, named above it.
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <thread>

#include "base/wal_writer.h"
#include "store/engine/bucket.h"
#include "store/engine/catalog.h"
#include "store/engine/chunk_join.h"
#include "store/engine/chunk_store.h"
#include "store/engine/engine.h"
#include "store/engine/log.h"
#include "store/engine/removal_work.h"
#include "store/engine/sealed_lsns.h"

namespace weir::store {

class EngineCore final : public Engine {
 public:
  EngineCore(EngineOptions options, FileSystem& files, const Clock& clock);
  ~EngineCore() override;

  // engine.cc
  Result<void> create_bucket(BucketId id, const BucketOptions& options) override;
  Result<void> update_bucket(BucketId id, const BucketOptions& options) override;
  Result<void> drop_bucket(BucketId id) override;
  void write(BucketId id, model::PointBatch batch, WriteDone done) override;
  bool congested() const override;
  Result<void> health() const override;
  Result<BucketStatistics> statistics(BucketId id) override;
  Result<Cardinality> cardinality(BucketId id, size_t most) override;
  Result<void> close() override;
  // scan.cc
  Result<std::unique_ptr<ScanCursor>> scan(const ScanSpec& spec) override;
  // schema.cc
  Result<std::vector<std::string>> schema(const SchemaSpec& spec) override;
  // deletes.cc
  Result<void> remove(const DeleteSpec& spec) override;
  // seal.cc
  Result<void> seal_all() override;
  // maintenance.cc
  Result<void> maintain() override;
  // recovery.cc
  Result<void> recover();
  // backup.cc
  Result<uint64_t> backup(const std::string& target) override;

 private:
  // A bucket that is gone, and of which something is still on disk.
  struct Dropped {
    BucketNumber number = 0;
    uint64_t lsn = 0;  // of the record that says so
    bool chunks_erased = false;
  };
  struct Buckets {
    std::map<BucketId, BucketPtr> by_id;
    std::map<BucketNumber, BucketPtr> by_number;
    std::vector<Dropped> dropped;
    BucketNumber next_number = 1;
  };

  // engine.cc
  Result<BucketPtr> find(BucketId id) const;
  BucketPtr find(BucketNumber number) const;
  std::vector<BucketPtr> all_buckets() const;
  void apply(const LogRecord& record);
  void put_bucket(const BucketRecord& record);
  Result<void> apply_rows(const LogRecord& record, const Head::SealedLsn* sealed_lsn,
                          BucketPtr& bucket);
  Result<void> erase_dropped_chunks();
  // Buckets of which only the catalog's entries are left, dropped before record `lsn`.
  std::vector<BucketNumber> dropped_before(uint64_t lsn) const;

  // recovery.cc
  Result<void> load_catalog();
  Result<void> replay(const LogRecord& record);
  Result<void> replay_definition(const LogRecord& record);
  static Result<void> replay_types(SeriesIndex& index, int64_t group_start_ns,
                                   MeasurementId measurement, const Layout& layout);

  // seal.cc; with maintenance_ held
  Result<void> seal_frozen();
  Result<void> seal_frozen(Bucket& bucket);
  Result<void> checkpoint();
  // How much of a bucket a catalog write holds: it counts only once the write has succeeded.
  struct Saved {
    BucketPtr bucket;
    size_t series = 0, measurements = 0;
    std::vector<size_t> fields;   // by measurement
    std::vector<int64_t> groups;  // starts of those written, not marked as changed any more
  };
  Saved save_bucket(BucketPtr bucket, std::vector<ChunkStore::CatalogWrite>& writes);

  // settle.cc; with maintenance_ held
  bool freeze_idle(int64_t now_ms);
  Result<void> release_log();
  Result<void> remove_old_log();
  size_t piece_bytes_that_free(uint64_t bytes) const;

  // rechunk.cc; with maintenance_ held, but for compact()
  Result<void> rechunk();
  bool start_joining(int64_t now_ms, bool is_busy);
  bool writers_are_busy(int64_t now_ms);
  Result<uint64_t> join_next_series();
  void finish_joining();
  Result<uint64_t> join_series(Bucket& bucket, SeriesId series);
  Result<uint64_t> join_range(ChunkIterator& chunks, std::span<const JoinCandidate> range);
  Result<void> compact();

  // forget.cc; with maintenance_ held
  void forget_empty_series();
  bool begin_forgetting(Bucket& bucket);
  bool finish_forgetting(Bucket& bucket);
  static bool write_forgotten(const Bucket& bucket, uint64_t log_start_lsn, size_t series_count,
                              std::vector<ChunkStore::CatalogWrite>& writes);

  // deletes.cc
  void apply_removal(Bucket& bucket, uint64_t lsn, const RemovalRecord& record);
  bool touches_anything(Bucket& bucket, const RemovalRecord& record) const;
  Result<void> begin_removal(Bucket& bucket);
  Result<void> work_on_removals(Bucket& bucket, std::chrono::steady_clock::time_point until);
  Result<void> carry_out_removals(std::chrono::steady_clock::time_point until);
  Result<void> replay_removal(Bucket& bucket, const LogRecord& record,
                              const RemovalRecord& removal);
  Result<void> finish_removals(Bucket& bucket);
  void give_back(std::string prefix, uint64_t bytes);
  size_t removals_waiting() const;

  // maintenance.cc
  void run_maintenance();
  Result<void> maintain_once();
  Result<void> drop_expired_groups();
  void freeze_due();
  bool work_waits() const;
  Result<void> maintenance_round();
  bool has_frozen() const;
  void wake_maintenance();

  EngineOptions options_;
  FileSystem& files_;
  const Clock& clock_;
  std::unique_ptr<FileLock> lock_;
  MemoryCount memory_ = std::make_shared<std::atomic<int64_t>>(0);
  std::unique_ptr<ChunkStore> chunks_;
  std::atomic<int> scan_threads_ = 0;  // of all cursors (scan_cursors.h)
  std::unique_ptr<WalWriter> writer_;
  std::unique_ptr<Log> log_;
  Guarded<Buckets> buckets_;
  std::timed_mutex maintenance_;
  uint64_t sealed_bytes_ = 0;       // chunks written since the last checkpoint
  LogShare replay_rows_;            // rows of records that a restart would replay
  bool checkpoint_wanted_ = false;  // much was removed: its space should come back
  int64_t last_age_ms_ = 0;         // steady clock; when old rows were looked for
  int64_t last_retention_ms_ = 0;   // steady clock
  int64_t forget_due_ms_ = 0;       // steady clock; when empty series are looked for again
  int64_t long_log_ms_ = 0;         // steady clock; when a long log may ask for a checkpoint again
  CatalogMeta meta_;                // as last read or written

  // The group whose chunks are being joined, a part each round; under maintenance_.
  struct Joining {
    BucketPtr bucket;
    int64_t group_start_ns = 0;
    bool is_cold = false;
    std::vector<SeriesId> series;
    size_t next = 0;  // the first of them that is not done
  };
  std::optional<Joining> joining_;
  uint64_t values_seen_ = 0;                // written by then
  int64_t values_seen_ms_ = 0;              // steady clock
  bool has_joined_cold_ = false;            // groups at rest, since the last checkpoint
  std::vector<std::string> to_compact_;     // key prefixes; under maintenance_
  std::set<std::string> removed_prefixes_;  // to be compacted too, behind the next checkpoint
  std::atomic<bool> rechunk_waits_ = false, forget_waits_ = false, stopping_ = false,
                    is_compacting_ = false;
  // While the log is replayed: of groups with chunks, by bucket and start.
  std::map<std::pair<BucketNumber, int64_t>, SealedLsns> replay_sealed_;
  // And all chunks as they were before; only while the log is replayed. Chunks that a replayed
  // delete takes away hold no rows that come after it.
  std::unique_ptr<ChunkIterator> replay_chunks_;

  // What the last round of maintenance failed with; empty if it did not.
  Guarded<std::string> maintenance_failure_;

  struct Wake {
    bool requested = false, stopping = false;
  };
  Guarded<Wake> wake_;
  std::condition_variable woken_;
  std::thread maintenance_thread_, compaction_thread_;
};

}  // namespace weir::store
