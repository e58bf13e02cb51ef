#include "base/wal_recovery.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/log.h"

namespace weir {

Result<std::vector<std::string>> list_segments(FileSystem& files, const std::string& directory) {
  WEIR_TRY(std::vector<std::string> names, files.list(directory));
  std::erase_if(names, [](const std::string& name) { return !is_segment_name(name); });
  return names;
}

Result<WalContents> read_log(const WalKind& kind, FileSystem& files, const std::string& directory,
                             uint64_t needed_lsn, std::string_view owner,
                             const std::function<Result<void>(const WalRecord&)>& visit) {
  WalContents log;
  if (needed_lsn != UINT64_MAX) log.next_lsn = needed_lsn;
  WEIR_TRY(std::vector<std::string> names, list_segments(files, directory));
  uint64_t expected = 0;  // unknown before the first segment
  for (const std::string& name : names) {
    std::string path = directory + "/" + name;
    WEIR_TRY(std::string bytes, files.read(path));
    bool is_last = &name == &names.back();
    WEIR_TRY(WalSummary summary, read_segment(kind, bytes, path, is_last, visit));
    if (summary.records == 0) {  // nothing in it; the new segment may take its name
      if (is_last) {
        WEIR_CHECK(files.remove(path));
        log.next_lsn = std::max(log.next_lsn, summary.first_lsn);
        break;
      }
      return Error{Errc::io, fmt::format("log segment {} is damaged at offset {}: it is empty, and "
                                         "not the last",
                                         path, summary.good_bytes)};
    }
    if (expected == 0 ? summary.first_lsn > needed_lsn : summary.first_lsn != expected) {
      return Error{Errc::io,
                   fmt::format("log segment {} is damaged at offset 0: it starts with record {}, "
                               "wanted {}; a segment before it is missing",
                               path, summary.first_lsn, expected == 0 ? needed_lsn : expected)};
    }
    if (summary.torn) {
      log::warn(owner, "log segment {}: cut at offset {}, {}: it was being written at the end",
                path, summary.good_bytes, summary.torn_why);
      WEIR_CHECK(files.truncate(path, summary.good_bytes));
    }
    expected = summary.next_lsn;
    log.segments.push_back({path, summary.first_lsn, summary.next_lsn, summary.good_bytes});
  }
  log.next_lsn = std::max(log.next_lsn, expected);
  return log;
}

Result<void> inspect_segments(const WalKind& kind, FileSystem& files, const std::string& directory,
                              const std::function<Result<void>(const WalRecord&)>& check,
                              const std::function<void(const WalSegmentInfo&)>& visit) {
  WEIR_TRY(std::vector<std::string> names, list_segments(files, directory));
  for (const std::string& name : names) {
    WalSegmentInfo info;
    info.file = directory + "/" + name;
    WEIR_TRY(std::string bytes, files.read(info.file));
    info.bytes = bytes.size();
    auto count = [&](const WalRecord& record) -> Result<void> {
      if (info.records++ == 0) info.first_lsn = record.lsn;
      info.last_lsn = record.lsn;
      return check(record);
    };
    Result<WalSummary> summary =
        read_segment(kind, bytes, info.file, &name == &names.back(), count);
    if (!summary.ok()) {
      info.damage = summary.error().message;
    } else if (summary->torn) {
      info.damage = fmt::format("torn at offset {}: {}", summary->good_bytes, summary->torn_why);
    }
    visit(info);
  }
  return {};
}

}  // namespace weir
