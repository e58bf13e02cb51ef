// Reads a log segment back: every record, or the place where it is damaged.
//
// The end of a segment may be a clean end, zeros (space reserved and never written), or, in the
// last segment only, a torn tail: records that were being written when the machine stopped. Those
// were never acknowledged as synced, and the caller cuts them. Everything else that does not read
// is damage: Errc::io naming file and offset. Pure functions over bytes, any thread.
// Layout: wal_format.h, docs/format.md#log.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/wal_format.h"

namespace weir {

struct WalRecord {
  uint64_t lsn = 0;
  uint8_t type = 0;  // 1..types of the kind
  std::string_view body;
};

struct WalSummary {
  uint64_t first_lsn = 0;  // of the header
  uint64_t next_lsn = 0;   // after the last good record
  uint64_t records = 0;
  uint64_t good_bytes = 0;  // up to the end of the last good record
  bool torn = false;        // a torn tail begins at good_bytes
  std::string torn_why;
};

// Visits the records of a segment in order; `visit` may end it with an error, which is passed on
// with file and offset. `path` is for messages.
Result<WalSummary> read_segment(const WalKind& kind, std::string_view bytes,
                                const std::string& path, bool is_last,
                                const std::function<Result<void>(const WalRecord&)>& visit);

}  // namespace weir
