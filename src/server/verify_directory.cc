#include "server/verify_directory.h"

#include <fmt/core.h>

#include "base/time_text.h"
#include "meta/verify.h"
#include "mqtt/journal_log.h"

namespace weir::server {
namespace {

constexpr const char* kDatabase = "weir.sqlite";
constexpr const char* kJournal = "broker";

// A lock file is made where there is none; that of a directory that nobody uses is free.
Result<void> verify_journal(const std::string& directory, FileSystem& files,
                            const store::VerifyWatch& watch, DirectoryTotals& totals) {
  std::string journal = directory + "/" + kJournal;
  if (!files.exists(journal)) return {};
  WEIR_TRY(std::unique_ptr<FileLock> lock, files.lock(journal + "/lock"));
  uint64_t next_lsn = 0;  // unknown
  return mqtt::inspect_journal(journal, files, [&](const WalSegmentInfo& segment) {
    totals.journal_segments++;
    totals.journal_records += segment.records;
    store::Damage damage;
    damage.file = segment.file.substr(directory.size() + 1);
    damage.what = segment.damage;
    // As inspect says it of the last segment's end.
    damage.may_be_torn = segment.damage.starts_with("torn at ");
    damage.remedy =
        damage.may_be_torn
            ? "none needed: the next start cuts it off"
            : "restore broker/ from a backup, or move it away: weir then starts without "
              "the sessions and retained messages in it";
    if (damage.what.empty() && next_lsn != 0 && segment.records != 0 &&
        segment.first_lsn != next_lsn) {
      damage.what =
          fmt::format("it starts with record {}, wanted {}: a segment before it is missing",
                      segment.first_lsn, next_lsn);
    }
    next_lsn = segment.records == 0 || !segment.damage.empty() ? 0 : segment.last_lsn + 1;
    if (!damage.what.empty()) watch.damage(damage);
  });
}

Result<void> verify_metadata(const std::string& directory, FileSystem& files,
                             const store::VerifyWatch& watch) {
  std::string path = directory + "/" + kDatabase;
  if (!files.exists(path)) return {};
  store::Damage damage;
  damage.file = kDatabase;
  damage.remedy = "restore this file from a backup";
  Result<std::vector<std::string>> found = meta::verify_database(path);
  if (!found.ok()) found = std::vector<std::string>{found.error().message};
  for (std::string& what : *found) {
    damage.what = std::move(what);
    watch.damage(damage);
  }
  return {};
}

}  // namespace

Result<DirectoryTotals> verify_directory(const std::string& directory, FileSystem& files,
                                         const store::VerifyWatch& watch) {
  if (!files.exists(directory + "/store")) {
    return Error{
        Errc::not_found,
        fmt::format("{} is no data directory of weir and no backup: it has no folder store",
                    directory)};
  }
  DirectoryTotals totals;
  store::VerifyWatch below = watch;
  below.damage = [&](store::Damage damage) {
    damage.file = damage.file.empty() ? "store" : "store/" + damage.file;
    watch.damage(damage);
  };
  WEIR_TRY(totals.store, store::verify(directory + "/store", files, below));
  WEIR_CHECK(verify_journal(directory, files, watch, totals));
  WEIR_CHECK(verify_metadata(directory, files, watch));
  return totals;
}

std::string to_text(const store::Damage& damage) {
  std::string text = damage.file;
  if (damage.offset) text += fmt::format(" at offset {}", *damage.offset);
  text += fmt::format(": {}\n", damage.what);
  if (!damage.points.empty()) text += fmt::format("    points: {}\n", damage.points);
  if (damage.first_time_ns) {
    text += fmt::format("    times: {} .. {}\n", rfc3339(*damage.first_time_ns),
                        damage.last_time_ns ? rfc3339(*damage.last_time_ns) : "");
  }
  text += fmt::format("    what to do: {}\n", damage.remedy);
  return text;
}

}  // namespace weir::server
