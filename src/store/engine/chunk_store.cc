#include "store/engine/chunk_store.h"

#include <fmt/core.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>
#include <atomic>
#include <cstdarg>
#include <thread>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/log.h"
#include "store/engine/chunk_files.h"

#if defined(__SANITIZE_THREAD__)
// Debian's RocksDB is not instrumented, so its own synchronisation is invisible to the sanitizer.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:librocksdb\nmutex:librocksdb\n";
}
#endif

namespace weir::store {
namespace {

constexpr size_t kChunkMemtableBytes = 64 * 1024 * 1024;
constexpr size_t kBlockCacheBytes = 128 * 1024 * 1024;  // beside the system's page cache
constexpr size_t kChunkBlockBytes = 32 * 1024;          // a few chunks
constexpr size_t kReadAheadBytes = 2 * 1024 * 1024;     // when everything is read: a disk's pace

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

Result<void> checked(const rocksdb::Status& status, std::string_view action) {
  if (status.ok()) return {};
  return Error{Errc::io, fmt::format("chunk store: cannot {}: {}", action, status.ToString())};
}

class Snapshot final : public ChunkSnapshot {
 public:
  Snapshot(rocksdb::DB& db, std::shared_ptr<std::atomic<int>> alive)
      : db_(db), alive_(std::move(alive)) {
    (*alive_)++;  // before it is taken: see remove_prefix()
    snapshot_ = db_.GetSnapshot();
  }
  ~Snapshot() override {
    db_.ReleaseSnapshot(snapshot_);
    (*alive_)--;
  }
  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB& db_;
  std::shared_ptr<std::atomic<int>> alive_;
  const rocksdb::Snapshot* snapshot_;
};

// The checksum that RocksDB noted for a whole file.
std::optional<uint32_t> noted_crc32c(const rocksdb::LiveFileMetaData& file) {
  const std::string& bytes = file.file_checksum;
  if (file.file_checksum_func_name != "FileChecksumCrc32c" || bytes.size() != sizeof(uint32_t)) {
    return std::nullopt;
  }
  return ByteReader(bytes).be<uint32_t>();
}

rocksdb::ReadOptions read_options(const ChunkSnapshotPtr& snapshot) {
  rocksdb::ReadOptions options;
  if (snapshot != nullptr) options.snapshot = static_cast<const Snapshot&>(*snapshot).get();
  return options;
}

class Iterator final : public ChunkIterator {
 public:
  Iterator(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, ChunkSnapshotPtr snapshot,
           std::string end, bool checks_blocks)
      : snapshot_(std::move(snapshot)), end_(std::move(end)), end_slice_(end_) {
    rocksdb::ReadOptions options = read_options(snapshot_);
    if (!end_.empty()) options.iterate_upper_bound = &end_slice_;
    options.verify_checksums = checks_blocks;
    if (!checks_blocks) options.readahead_size = kReadAheadBytes;
    iterator_.reset(db.NewIterator(options, family));
  }
  void seek(std::string_view key) override { iterator_->Seek(slice(key)); }
  void next() override { iterator_->Next(); }
  bool valid() const override { return iterator_->Valid(); }
  std::string_view key() const override { return view(iterator_->key()); }
  std::string_view value() const override { return view(iterator_->value()); }
  Result<void> status() const override { return checked(iterator_->status(), "read"); }

 private:
  ChunkSnapshotPtr snapshot_;
  std::string end_;
  rocksdb::Slice end_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

// After a full disk RocksDB would go on by itself only when there is room for all memtables that
// may ever be, which a small disk never has; and while it waits it cannot be told to. See resume().
class ManualRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

// What RocksDB has to say goes where weir's own lines go. A log file of its own would be on the
// disk that may be full, and the library, which Debian builds with its assertions, ends the process
// when it writes to a file once more that has failed.
class InfoLog final : public rocksdb::Logger {
 public:
  InfoLog() : rocksdb::Logger(rocksdb::WARN_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < GetInfoLogLevel()) return;
    char text[1024];  // what is longer is cut
    if (std::vsnprintf(text, sizeof text, format, arguments) < 0) return;
    std::string_view line(text);
    line = line.substr(0, line.find_last_not_of('\n') + 1);
    // Who asked RocksDB is told of errors too, and says what they mean.
    log::debug("store", "RocksDB: {}", line);
  }
  void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::INFO_LEVEL, format, arguments);
  }
};

rocksdb::DBOptions database_options() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.listeners.push_back(std::make_shared<ManualRecovery>());
  options.max_open_files = -1;
  // RocksDB would reserve megabytes for files of a few kilobytes.
  options.allow_fallocate = false;
  options.max_background_jobs = 2;
  options.info_log = std::make_shared<InfoLog>();
  options.info_log_level = rocksdb::WARN_LEVEL;
  // What is not flushed is still in weir's log; a stop need not wait for it.
  options.avoid_flush_during_shutdown = true;
  // Backups and verify compare whole files with it.
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  return options;
}

rocksdb::ColumnFamilyOptions chunk_options() {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  table.block_size = kChunkBlockBytes;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;  // chunks are packed bits already
  options.write_buffer_size = kChunkMemtableBytes;
  options.target_file_size_base = 2 * kChunkMemtableBytes;
  return options;
}

class RocksChunkStore final : public ChunkStore {
 public:
  RocksChunkStore(std::unique_ptr<rocksdb::DB> db,
                  std::vector<rocksdb::ColumnFamilyHandle*> families, bool checks_blocks)
      : db_(std::move(db)),
        catalog_(families[0]),
        chunks_(families[1]),
        checks_blocks_(checks_blocks) {}
  ~RocksChunkStore() override {
    (void)db_->DestroyColumnFamilyHandle(catalog_);
    (void)db_->DestroyColumnFamilyHandle(chunks_);
    (void)db_->Close();
  }

  Result<void> write(const std::vector<EncodedChunk>& puts,
                     const std::vector<std::string>& deleted_keys,
                     const std::vector<ChunkKeyRange>& deleted_ranges) override {
    rocksdb::WriteBatch batch;
    for (const ChunkKeyRange& range : deleted_ranges) {
      (void)batch.DeleteRange(chunks_, slice(range.first), slice(range.end));
    }
    for (const std::string& key : deleted_keys) (void)batch.Delete(chunks_, slice(key));
    for (const EncodedChunk& chunk : puts) {
      (void)batch.Put(chunks_, slice(chunk.key.encode()), slice(chunk.value));
    }
    resume();
    return noted(checked(db_->Write(without_log(), &batch), "write chunks"));
  }

  Result<void> remove_prefix(const std::string& prefix) override {
    ChunkKeyRange range{prefix, prefix_end(prefix)};
    resume();
    WEIR_CHECK(noted(
        checked(db_->DeleteRange(without_log(), chunks_, slice(range.first), slice(range.end)),
                "delete a range")));
    // Whole files go at once, unless a snapshot may still read them.
    if (*snapshots_ == 0) {
      rocksdb::Slice first(range.first), end(range.end);
      WEIR_CHECK(checked(rocksdb::DeleteFilesInRange(db_.get(), chunks_, &first, &end, false),
                         "delete files"));
    }
    return {};
  }

  Result<void> flush() override { return flush(chunks_, "flush chunks"); }

  Result<void> compact(const std::string& prefix, std::atomic<bool>& cancelled) override {
    std::string end = prefix_end(prefix);
    rocksdb::Slice first(prefix), after(end);
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    options.canceled = &cancelled;
    rocksdb::Status status = db_->CompactRange(options, chunks_, &first, &after);
    return cancelled ? Result<void>() : checked(status, "compact chunks");
  }

  Result<void> checkpoint(const std::string& target) override {
    rocksdb::Checkpoint* made = nullptr;
    rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &made);
    std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    // It need not flush: what is in memory alone is in the write-ahead log as well.
    if (status.ok()) status = checkpoint->CreateCheckpoint(target, UINT64_MAX);
    return checked(status, fmt::format("copy its files to {}", target));
  }

  ChunkSnapshotPtr snapshot() override { return std::make_shared<Snapshot>(*db_, snapshots_); }

  std::unique_ptr<ChunkIterator> iterator(ChunkSnapshotPtr snapshot, std::string end) override {
    return std::make_unique<Iterator>(*db_, chunks_, std::move(snapshot), std::move(end),
                                      checks_blocks_);
  }

  Result<std::string> get(std::string_view key, const ChunkSnapshotPtr& snapshot) override {
    std::string value;
    WEIR_CHECK(
        checked(db_->Get(read_options(snapshot), chunks_, slice(key), &value), "read a chunk"));
    return value;
  }

  uint64_t disk_bytes(const std::string& prefix) override {
    std::string end = prefix_end(prefix);
    rocksdb::Range range{slice(prefix), slice(end)};
    rocksdb::SizeApproximationOptions options;
    options.include_memtables = true;
    uint64_t bytes = 0;
    if (!db_->GetApproximateSizes(options, chunks_, &range, 1, &bytes).ok()) return 0;
    return bytes;
  }

  Result<void> write_catalog(const std::vector<CatalogWrite>& writes) override {
    rocksdb::WriteBatch batch;
    for (const CatalogWrite& write : writes) {
      if (write.is_prefix) {
        (void)batch.DeleteRange(catalog_, slice(write.key), slice(prefix_end(write.key)));
      } else if (write.value) {
        (void)batch.Put(catalog_, slice(write.key), slice(*write.value));
      } else {
        (void)batch.Delete(catalog_, slice(write.key));
      }
    }
    resume();
    WEIR_CHECK(noted(checked(db_->Write(without_log(), &batch), "write the catalog")));
    return flush(catalog_, "write the catalog");
  }

  Result<void> read_catalog(
      const std::string& prefix,
      const std::function<Result<void>(std::string_view, std::string_view)>& visit) override {
    std::unique_ptr<rocksdb::Iterator> iterator(db_->NewIterator({}, catalog_));
    for (iterator->Seek(slice(prefix)); iterator->Valid(); iterator->Next()) {
      std::string_view key = view(iterator->key());
      if (!key.starts_with(prefix)) break;
      WEIR_CHECK(visit(key.substr(prefix.size()), view(iterator->value())));
    }
    return checked(iterator->status(), "read the catalog");
  }

  std::vector<TableFile> tables() const {
    std::vector<rocksdb::LiveFileMetaData> files;
    db_->GetLiveFilesMetaData(&files);
    std::vector<TableFile> tables;
    for (const rocksdb::LiveFileMetaData& file : files) {
      std::string name = file.name.substr(file.name.find_first_not_of('/'));
      tables.push_back({std::move(name), file.size, noted_crc32c(file),
                        file.column_family_name == chunks_->GetName(), file.smallestkey,
                        file.largestkey});
    }
    std::sort(tables.begin(), tables.end(),
              [](const TableFile& a, const TableFile& b) { return a.name < b.name; });
    return tables;
  }

  Result<void> verify_table(const TableFile& table) const {
    rocksdb::SstFileReader reader{rocksdb::Options()};
    rocksdb::ReadOptions options;
    options.readahead_size = kReadAheadBytes;
    options.fill_cache = false;
    rocksdb::Status status = reader.Open(db_->GetName() + "/" + table.name);
    if (status.ok()) status = reader.VerifyChecksum(options);
    return checked(status, "verify");
  }

 private:
  Result<void> flush(rocksdb::ColumnFamilyHandle* family, std::string_view action) {
    constexpr auto kPoll = std::chrono::milliseconds(1);  // a flush takes a few
    resume();
    // Those of all families are counted with the default one.
    uint64_t errors = property(catalog_, rocksdb::DB::Properties::kBackgroundErrors);
    WEIR_CHECK(noted(checked(db_->Flush({}, family), action)));
    // Once it has been resumed after an error, RocksDB 7.8 says that a flush is done when it has
    // only begun (ErrorHandler::is_db_stopped_ is not reset, and so not waited for).
    while (property(family, rocksdb::DB::Properties::kNumImmutableMemTable) != 0) {
      if (property(catalog_, rocksdb::DB::Properties::kBackgroundErrors) != errors) {
        rocksdb::Status failure = db_->Flush({}, family);  // it says now what went wrong
        if (failure.ok()) failure = rocksdb::Status::IOError("a flush failed");
        return noted(checked(failure, action));
      }
      std::this_thread::sleep_for(kPoll);
    }
    return {};
  }

  uint64_t property(rocksdb::ColumnFamilyHandle* family, const std::string& name) const {
    uint64_t value = 0;
    bool is_known = db_->GetIntProperty(family, name, &value);
    WEIR_ASSERT(is_known, "RocksDB has the property");
    return value;
  }

  Result<void> noted(Result<void> result) {
    if (!result.ok()) has_failed_ = true;
    return result;
  }

  // After an error, a full disk above all, RocksDB refuses every write until it is told to go on.
  // If it cannot yet, the write that follows says why.
  void resume() {
    if (has_failed_.exchange(false) && !db_->Resume().ok()) has_failed_ = true;
  }

  static rocksdb::WriteOptions without_log() {
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    return options;
  }

  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* catalog_;
  rocksdb::ColumnFamilyHandle* chunks_;
  const bool checks_blocks_;
  std::atomic<bool> has_failed_ = false;
  std::shared_ptr<std::atomic<int>> snapshots_ = std::make_shared<std::atomic<int>>(0);
};

enum class Access : uint8_t { read_write, read_only, verify, verify_strictly };

Result<std::unique_ptr<ChunkStore>> open_as(const std::string& directory, Access access,
                                            rocksdb::Env* env = nullptr) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions()},
      {"chunks", chunk_options()}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  rocksdb::DBOptions options = database_options();
  if (env != nullptr) options.env = env;
  bool verifies = access == Access::verify || access == Access::verify_strictly;
  if (verifies) {
    options.wal_recovery_mode = access == Access::verify
                                    ? rocksdb::WALRecoveryMode::kPointInTimeRecovery
                                    : rocksdb::WALRecoveryMode::kAbsoluteConsistency;
    options.max_open_files = 256;  // otherwise opening reads something of every file
  }
  rocksdb::Status status =
      access == Access::read_write
          ? rocksdb::DB::Open(options, directory, families, &handles, &opened)
          : rocksdb::DB::OpenForReadOnly(options, directory, families, &handles, &opened);
  WEIR_CHECK(checked(status, fmt::format("open {}", directory)));
  return std::unique_ptr<ChunkStore>(std::make_unique<RocksChunkStore>(
      std::unique_ptr<rocksdb::DB>(opened), std::move(handles), !verifies));
}

}  // namespace

Result<std::unique_ptr<ChunkStore>> ChunkStore::open(const std::string& directory, bool read_only,
                                                     rocksdb::Env* env) {
  return open_as(directory, read_only ? Access::read_only : Access::read_write, env);
}

Result<std::unique_ptr<ChunkStore>> open_to_verify(const std::string& directory,
                                                   std::string& log_damage) {
  Result<std::unique_ptr<ChunkStore>> strictly = open_as(directory, Access::verify_strictly);
  if (strictly.ok()) return strictly;
  Result<std::unique_ptr<ChunkStore>> opened = open_as(directory, Access::verify);
  if (opened.ok()) log_damage = strictly.error().message;
  return opened;
}

// There is one implementation, and this file is its.
std::vector<TableFile> tables_of(ChunkStore& store) {
  return static_cast<RocksChunkStore&>(store).tables();
}

Result<void> verify_table(ChunkStore& store, const TableFile& table) {
  return static_cast<RocksChunkStore&>(store).verify_table(table);
}

Result<uint64_t> ChunkStore::largest_lsn(ChunkIterator& chunks, BucketNumber bucket,
                                         int64_t group_start_ns, SeriesId series,
                                         std::optional<SeriesId> left_by) {
  std::string prefix = ChunkKey::series_prefix(bucket, group_start_ns, series);
  uint64_t largest = 0;
  const bool is_before = left_by && *left_by < series;
  if (!is_before || (chunks.valid() && chunks.key() < prefix)) chunks.seek(prefix);
  for (; chunks.valid() && chunks.key().starts_with(prefix); chunks.next()) {
    std::optional<ChunkKey> key = ChunkKey::decode(chunks.key());
    if (!key) return Error{Errc::io, "chunk store: a chunk's key does not read"};
    largest = std::max(largest, key->lsn);
  }
  WEIR_CHECK(chunks.status());
  return largest;
}

}  // namespace weir::store
