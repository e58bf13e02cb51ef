// A copy of a write-ahead log while it is written.
//
// Segments that are closed get a second name; of the one that is being appended to, what was there
// when the list was made is copied. So the copy holds every record that was appended before then,
// whole, and costs the log nothing. Errors as disk_files.h; Errc::not_found when a segment was
// removed in between: then a newer list has to be taken. Blocks; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/wal_writer.h"

namespace weir {

// The segment that is being appended to, linked under a name of its own until copy_tail().
struct WalTail {
  std::string link, path;
  uint64_t bytes = 0;
};

// `segments` as WalWriter has them; `directory` exists, on the same file system as the log (else
// everything is copied).
Result<WalTail> link_segments(const std::vector<WalSegment>& segments,
                              const std::string& directory);
// May come long after: the bytes that it takes never change.
Result<void> copy_tail(const WalTail& tail);

}  // namespace weir
