// Appends records to a write-ahead log's segments.
//
// A record survives a crash of the machine once sync() has returned ok after its append();
// append() alone promises survival of a crash of the process. A full segment is synced and closed
// before the next is created, so damage in any but the last segment is never a torn write. Space is
// reserved as a segment grows, so that most syncs write no metadata and an idle log holds none.
// After a failed sync the tail is unknown: the caller must not use the writer again until the log
// is reopened. After any other failure (a full disk) start_over() makes the tail known again.
// Layout: wal_format.h. Threads: append(), sync() and rotate() from the log's thread only;
// segments() and remove_before() from any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/sync.h"
#include "base/wal_format.h"

namespace weir {

struct WalSegment {
  std::string path;
  uint64_t first_lsn = 0;
  uint64_t end_lsn = 0;  // after its last record
  uint64_t bytes = 0;
};

class WalWriter {
 public:
  WalWriter(const WalKind& kind, FileSystem& files, std::string directory, uint64_t segment_bytes);

  // Takes over the segments that were found, oldest first, and starts a new one for `next_lsn`.
  Result<void> start(std::vector<WalSegment> existing, uint64_t next_lsn);
  // `bytes` is whole records, the last of which is before `end_lsn`.
  Result<void> append(std::string_view bytes, uint64_t end_lsn);
  Result<void> sync();
  // Starts a new segment if the current one has records.
  Result<void> rotate();
  // After append() or rotate() failed, has_failed_sync() being false: cuts off what may have been
  // left of it and starts a new segment. May fail in its turn and be called again.
  Result<void> start_over();
  bool has_failed_sync() const { return has_failed_sync_; }

  // Removes segments that hold only records before `lsn`, never the current one.
  Result<void> remove_before(uint64_t lsn);
  std::vector<WalSegment> segments() const { return *segments_.lock(); }
  uint64_t total_bytes() const;

 private:
  Result<void> open_segment(uint64_t first_lsn);
  void reserve(uint64_t bytes);
  Result<void> synced(Result<void> how);

  const WalKind kind_;
  FileSystem& files_;
  std::string directory_;
  uint64_t segment_bytes_;
  uint64_t reserved_bytes_ = 0;         // of the current segment
  std::unique_ptr<WritableFile> file_;  // null: start_over() is due
  uint64_t next_lsn_ = 1;               // of the next record
  bool is_torn_ = false;  // an append failed: start_over() is due
  bool has_failed_sync_ = false;
  Guarded<std::vector<WalSegment>> segments_;  // the last is the current one
};

}  // namespace weir
