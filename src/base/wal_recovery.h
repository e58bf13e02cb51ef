// Reads a whole write-ahead log back at the start of its owner, and cuts a torn tail.
//
// Damage anywhere but in the tail that was being written when the machine stopped is Errc::io with
// file and offset: good records behind it are never dropped in silence. Blocks; before the writer
// starts. Layout: wal_format.h.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/wal_reader.h"
#include "base/wal_writer.h"

namespace weir {

struct WalContents {
  std::vector<WalSegment> segments;  // oldest first
  uint64_t next_lsn = 1;
};

// The names of a log's segments in its directory, oldest first.
Result<std::vector<std::string>> list_segments(FileSystem& files, const std::string& directory);

// Visits every record in order. The log must hold record `needed_lsn` (or be empty), which is also
// what an empty log goes on with; UINT64_MAX when the caller cannot know. `owner` names the
// component in the program's log.
Result<WalContents> read_log(const WalKind& kind, FileSystem& files, const std::string& directory,
                             uint64_t needed_lsn, std::string_view owner,
                             const std::function<Result<void>(const WalRecord&)>& visit);

// A segment as `weir inspect` shows it.
struct WalSegmentInfo {
  std::string file;
  uint64_t bytes = 0, records = 0, first_lsn = 0, last_lsn = 0;
  std::string damage;  // empty, or what is wrong and at which offset
};
// Shows every segment of a log that no process has open; `check` may find a record damaged.
Result<void> inspect_segments(const WalKind& kind, FileSystem& files, const std::string& directory,
                              const std::function<Result<void>(const WalRecord&)>& check,
                              const std::function<void(const WalSegmentInfo&)>& visit);

}  // namespace weir
