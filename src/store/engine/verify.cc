#include "store/engine/verify.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/crc32c.h"
#include "base/disk_files.h"
#include "base/wal_recovery.h"
#include "store/engine/chunk_files.h"
#include "store/engine/engine.h"
#include "store/engine/verify_chunk.h"
#include "store/engine/verify_names.h"

namespace weir::store {
namespace {

constexpr const char* kRestore = "restore the data directory from a backup";
constexpr const char* kRestorePoints =
    "the rest stays readable; bring these points back from a backup (weir restore --bucket --as)";

// "... at offset 57: ..." and RocksDB's "... offset 57 size 12".
std::optional<uint64_t> offset_in(std::string_view message) {
  constexpr std::string_view kWord = " offset ";
  size_t at = message.find(kWord);
  if (at == message.npos) return std::nullopt;
  uint64_t offset = 0;
  size_t digits = 0;
  for (at += kWord.size(); at < message.size() && digits < 19; at++, digits++) {
    if (message[at] < '0' || message[at] > '9') break;
    offset = offset * 10 + static_cast<uint64_t>(message[at] - '0');
  }
  return digits == 0 ? std::nullopt : std::optional(offset);
}

class Verifier {
 public:
  Verifier(const std::string& directory, FileSystem& files, const VerifyWatch& watch)
      : directory_(directory), files_(files), watch_(watch) {}

  Result<VerifyTotals> run() {
    WEIR_TRY(std::unique_ptr<FileLock> lock, files_.lock(directory_ + "/lock"));
    std::string log_damage;
    Result<std::unique_ptr<ChunkStore>> store = open_to_verify(directory_ + "/chunks", log_damage);
    if (!log_damage.empty()) {
      tell("chunks", log_damage,
           "none if the machine lost power just then; otherwise restore the data directory from a "
           "backup",
           true);
    }
    if (store.ok()) {
      chunks_ = std::move(*store);
      tables_ = tables_of(*chunks_);
      names_.load(*chunks_, [this](const Damage& damage) { tell(damage); });
    } else {
      tell("chunks", store.error().message, kRestore);
    }
    WEIR_CHECK(find_segments());
    // Tables and chunks are read once each.
    for (const TableFile& table : tables_) progress_.total_bytes += 2 * table.bytes;
    WEIR_CHECK(verify_log());
    if (chunks_ == nullptr) return totals_;
    names_.tell_unknown([this](const Damage& damage) { tell(damage); });
    for (const TableFile& table : tables_) WEIR_CHECK(verify_table(table));
    WEIR_CHECK(verify_chunks());
    return totals_;
  }

 private:
  void tell(const Damage& damage) { watch_.damage(damage); }
  void tell(std::string file, std::string what, const char* remedy, bool may_be_torn = false) {
    Damage damage;
    damage.file = std::move(file);
    damage.offset = offset_in(what);
    damage.what = std::move(what);
    damage.remedy = remedy;
    damage.may_be_torn = may_be_torn;
    tell(damage);
  }
  Result<void> advance(uint64_t bytes) {
    progress_.done_bytes += bytes;
    if (watch_.progress) watch_.progress(progress_);
    if (watch_.canceled != nullptr && *watch_.canceled) {
      return Error{Errc::unavailable, "the verification was broken off"};
    }
    return {};
  }

  Result<void> find_segments();
  Result<void> verify_log();
  Result<void> verify_segment(const std::string& name, bool is_last);
  Result<void> verify_table(const TableFile& table);
  Result<std::optional<uint32_t>> sum_file(const std::string& path);
  Result<void> verify_chunks();
  Result<std::string> pass_over(const std::string& from, std::string_view why,
                                ChunkIterator& chunks);
  void verify_chunk(std::string_view key, std::string_view value);
  std::string file_of(std::string_view key) const;

  const std::string directory_;
  FileSystem& files_;
  const VerifyWatch& watch_;
  VerifyProgress progress_;
  VerifyTotals totals_;
  std::unique_ptr<ChunkStore> chunks_;
  std::vector<TableFile> tables_;
  std::set<std::string> damaged_tables_;
  VerifyNames names_;
  std::vector<std::string> segments_;
  uint64_t next_lsn_ = 0;  // of the log; 0: unknown
};

Result<void> Verifier::find_segments() {
  WEIR_TRY(segments_, list_segments(files_, directory_ + "/log"));
  for (const std::string& name : segments_) {
    Result<uint64_t> bytes = bytes_of_file(directory_ + "/log/" + name);
    if (bytes.ok()) progress_.total_bytes += *bytes;
  }
  return {};
}

Result<void> Verifier::verify_log() {
  for (const std::string& name : segments_) {
    WEIR_CHECK(verify_segment(name, &name == &segments_.back()));
  }
  if (segments_.empty()) next_lsn_ = names_.meta().log_start_lsn;
  return {};
}

Result<void> Verifier::verify_segment(const std::string& name, bool is_last) {
  std::string shown = "log/" + name;
  Result<std::string> bytes = files_.read(directory_ + "/" + shown);
  if (!bytes.ok()) {
    tell(shown, bytes.error().message, kRestore);
    next_lsn_ = 0;
    return {};
  }
  totals_.log_segments++;
  totals_.bytes += bytes->size();
  auto visit = [this](const WalRecord& record) -> Result<void> {
    totals_.log_records++;
    return names_.apply(log_record(record));
  };
  Result<WalSummary> summary = read_segment(kStoreLog, *bytes, shown, is_last, visit);
  if (!summary.ok()) {
    tell(shown, summary.error().message, kRestore);
    next_lsn_ = 0;
    return advance(bytes->size());
  }
  uint64_t first = summary->first_lsn;
  bool follows = next_lsn_ != 0 ? first == next_lsn_
                                : !names_.has_meta() || &name != &segments_.front() ||
                                      first <= names_.meta().log_start_lsn;
  if (first != 0 && !follows) {
    tell(shown, fmt::format("it starts with record {}: a segment before it is missing", first),
         kRestore);
  }
  if (summary->torn) {
    Damage damage;
    damage.file = shown;
    damage.offset = summary->good_bytes;
    damage.what = fmt::format("{}: it was being written when the machine stopped, or is damaged",
                              summary->torn_why);
    damage.remedy = "none needed: the next start cuts it off";
    damage.may_be_torn = true;
    tell(damage);
  }
  if (summary->records == 0 && !is_last) tell(shown, "it is empty, and not the last", kRestore);
  if (first != 0) next_lsn_ = summary->next_lsn;
  return advance(bytes->size());
}

// Nothing when it cannot be read to its end.
Result<std::optional<uint32_t>> Verifier::sum_file(const std::string& path) {
  uint32_t crc = 0;
  Result<void> going_on;
  Result<void> read = read_in_blocks(path, [&](std::string_view bytes) {
    crc = crc32c(bytes, crc);
    return going_on = advance(bytes.size());
  });
  WEIR_CHECK(going_on);
  return read.ok() ? std::optional(crc) : std::nullopt;
}

Result<void> Verifier::verify_table(const TableFile& table) {
  totals_.tables++;
  totals_.bytes += table.bytes;
  std::string shown = "chunks/" + table.name;
  uint64_t before = progress_.done_bytes;
  if (table.crc32c) {
    WEIR_TRY(std::optional<uint32_t> crc, sum_file(directory_ + "/" + shown));
    if (crc == table.crc32c) return {};
  }
  damaged_tables_.insert(table.name);
  Result<void> blocks = store::verify_table(*chunks_, table);
  if (!blocks.ok()) {
    tell(shown, blocks.error().message, table.has_chunks ? kRestorePoints : kRestore);
  } else if (table.crc32c) {
    tell(
        shown, "the checksum of the whole file is wrong, those of its blocks are right",
        "none at once: what is read of it is right; take a new backup and keep an eye on the disk");
  } else {
    damaged_tables_.erase(table.name);
  }
  return advance(table.bytes - std::min(table.bytes, progress_.done_bytes - before));
}

// The damaged tables that may hold the key.
std::string Verifier::file_of(std::string_view key) const {
  std::string names;
  for (const TableFile& table : tables_) {
    if (!table.has_chunks || key < table.first_key || key > table.last_key) continue;
    if (!damaged_tables_.contains(table.name)) continue;
    names += (names.empty() ? "chunks/" : ", chunks/") + table.name;
  }
  return names.empty() ? "chunks" : names;
}

void Verifier::verify_chunk(std::string_view key, std::string_view value) {
  totals_.chunks++;
  std::optional<ChunkKey> at = ChunkKey::decode(key);
  if (at && names_.was_dropped(at->bucket)) return;  // its removal goes on at the next start
  Damage damage;
  if (!at) {
    damage.what = "a chunk's key does not read";
  } else {
    Result<size_t> rows = verify_chunk_bytes(*at, value, names_.find(at->bucket), next_lsn_);
    if (rows.ok()) {
      totals_.rows += *rows;
      return;
    }
    damage.what = at->describe() + ": " + rows.error().message;
    damage.points = names_.describe(at->bucket, at->series);
    ChunkTimes times = times_of_chunk(*at, value, names_.find(at->bucket));
    damage.first_time_ns = times.first_ns, damage.last_time_ns = times.last_ns;
  }
  damage.file = file_of(key);
  damage.remedy = kRestorePoints;
  tell(damage);
}

// After an error at `from`: goes to the next series whose chunks can be reached, and tells what was
// passed over. Returns its key, or an empty text at the end.
Result<std::string> Verifier::pass_over(const std::string& from, std::string_view why,
                                        ChunkIterator& chunks) {
  std::string next = from;
  while (true) {
    next = names_.next_series_key(next);
    if (!next.empty()) chunks.seek(next);
    if (next.empty() || chunks.valid() || chunks.status().ok()) break;
    WEIR_CHECK(advance(0));
  }
  Damage damage;
  damage.file = file_of(from);
  damage.offset = offset_in(why);
  damage.what = why;
  damage.remedy = kRestorePoints;
  if (std::optional<ChunkKey> at = ChunkKey::decode(from)) {
    damage.points = names_.describe(at->bucket, at->series);
    damage.first_time_ns = at->time_min_ns;
  }
  damage.points += damage.points.empty() ? "everything" : " and all after it";
  if (!next.empty() && chunks.valid()) {
    if (std::optional<ChunkKey> to = ChunkKey::decode(chunks.key())) {
      damage.points += ", up to " + names_.describe(to->bucket, to->series);
    }
  }
  tell(damage);
  return next;
}

Result<void> Verifier::verify_chunks() {
  std::unique_ptr<ChunkIterator> chunks = chunks_->iterator(nullptr, {});
  uint64_t unreported = 0;
  std::string last;
  chunks->seek({});
  while (true) {
    for (; chunks->valid(); chunks->next()) {
      last = chunks->key();
      verify_chunk(chunks->key(), chunks->value());
      unreported += chunks->key().size() + chunks->value().size();
      if (unreported < 1024 * 1024) continue;
      WEIR_CHECK(advance(unreported));
      unreported = 0;
    }
    Result<void> status = chunks->status();
    if (status.ok()) return advance(unreported);
    // An iterator that failed stays so.
    chunks = chunks_->iterator(nullptr, {});
    WEIR_TRY(last, pass_over(last, status.error().message, *chunks));
    if (last.empty()) return {};
  }
}

}  // namespace

Result<VerifyTotals> verify(const std::string& directory, FileSystem& files,
                            const VerifyWatch& watch) {
  return Verifier(directory, files, watch).run();
}

Result<void> verify(const std::string& directory, FileSystem& files,
                    const std::function<void(const std::string&)>& problem) {
  VerifyWatch watch;
  watch.damage = [&](const Damage& damage) { problem(damage.file + ": " + damage.what); };
  Result<VerifyTotals> done = verify(directory, files, watch);
  return done.ok() ? Result<void>() : std::move(done).error();
}

}  // namespace weir::store
