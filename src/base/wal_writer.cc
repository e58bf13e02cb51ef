#include "base/wal_writer.h"

#include <algorithm>

namespace weir {
namespace {

// A segment reserves as much again as it has, within these: a log that rests takes a few blocks,
// and a busy one pays for metadata in one sync of many.
constexpr uint64_t kReserveBytesMin = 64 * 1024;
constexpr uint64_t kReserveBytesMax = 16 * 1024 * 1024;

}  // namespace

WalWriter::WalWriter(const WalKind& kind, FileSystem& files, std::string directory,
                     uint64_t segment_bytes)
    : kind_(kind), files_(files), directory_(std::move(directory)), segment_bytes_(segment_bytes) {}

Result<void> WalWriter::start(std::vector<WalSegment> existing, uint64_t next_lsn) {
  *segments_.lock() = std::move(existing);
  next_lsn_ = next_lsn;
  return open_segment(next_lsn);
}

Result<void> WalWriter::open_segment(uint64_t first_lsn) {
  WalSegment segment{directory_ + "/" + segment_name(first_lsn), first_lsn, first_lsn,
                     kWalHeaderBytes};
  WEIR_TRY(std::unique_ptr<WritableFile> file, files_.create(segment.path));
  WEIR_CHECK(file->append(segment_header(kind_, first_lsn)));
  WEIR_CHECK(synced(file->sync()));
  WEIR_CHECK(synced(files_.sync_directory(directory_)));
  file_ = std::move(file);
  reserved_bytes_ = kWalHeaderBytes;
  segments_.lock()->push_back(std::move(segment));
  return {};
}

// Space is only asked for: without it the append itself tells whether there is enough.
void WalWriter::reserve(uint64_t bytes) {
  if (bytes <= reserved_bytes_) return;
  const uint64_t ahead = std::clamp(bytes, kReserveBytesMin, kReserveBytesMax);
  reserved_bytes_ = std::max(bytes, std::min(bytes + ahead, segment_bytes_));
  (void)file_->preallocate(reserved_bytes_);
}

Result<void> WalWriter::append(std::string_view bytes, uint64_t end_lsn) {
  if (!file_ || is_torn_) return Error{Errc::io, "the log has no segment to append to"};
  WalSegment current = segments_.lock()->back();
  if (current.bytes > kWalHeaderBytes && current.bytes + bytes.size() > segment_bytes_) {
    WEIR_CHECK(rotate());
    current = segments_.lock()->back();
  }
  reserve(current.bytes + bytes.size());
  is_torn_ = true;
  WEIR_CHECK(file_->append(bytes));
  is_torn_ = false;
  auto segments = segments_.lock();
  segments->back().bytes += bytes.size();
  segments->back().end_lsn = next_lsn_ = end_lsn;
  return {};
}

Result<void> WalWriter::sync() {
  if (!file_) return Error{Errc::io, "the log has no segment to sync"};
  return synced(file_->sync());
}

Result<void> WalWriter::synced(Result<void> how) {
  if (!how.ok()) has_failed_sync_ = true;
  return how;
}

Result<void> WalWriter::rotate() {
  // A part of a record at the end of a segment that is not the last would be damage.
  if (!file_ || is_torn_) return Error{Errc::io, "the log has no segment to close"};
  if (segments_.lock()->back().bytes == kWalHeaderBytes) return {};
  WEIR_CHECK(sync());
  std::unique_ptr<WritableFile> full = std::move(file_);
  WEIR_CHECK(full->close());
  return open_segment(next_lsn_);
}

Result<void> WalWriter::start_over() {
  if (file_) {
    WEIR_CHECK(sync());  // what was appended before may rely on it
    std::unique_ptr<WritableFile> cut = std::move(file_);
    (void)cut->close();  // it is synced
  }
  if (is_torn_) {
    // A tail that comes back after a crash would be taken for damage, a segment being behind it.
    WalSegment last = segments_.lock()->back();
    WEIR_CHECK(synced(files_.truncate(last.path, last.bytes)));
    is_torn_ = false;
  }
  {
    auto segments = segments_.lock();
    if (!segments->empty() && segments->back().bytes == kWalHeaderBytes) segments->pop_back();
  }
  std::string path = directory_ + "/" + segment_name(next_lsn_);
  if (files_.exists(path)) WEIR_CHECK(files_.remove(path));
  return open_segment(next_lsn_);
}

Result<void> WalWriter::remove_before(uint64_t lsn) {
  while (true) {
    std::string path;
    {
      auto segments = segments_.lock();
      if (segments->size() < 2 || segments->front().end_lsn > lsn) return {};
      path = segments->front().path;
    }
    WEIR_CHECK(files_.remove(path));
    {
      auto segments = segments_.lock();
      segments->erase(segments->begin());
    }
    // Before the next: one that comes back alone after a crash would look like a gap behind it.
    WEIR_CHECK(files_.sync_directory(directory_));
  }
}

uint64_t WalWriter::total_bytes() const {
  uint64_t total = 0;
  auto segments = segments_.lock();
  for (const WalSegment& segment : *segments) total += segment.bytes;
  return total;
}

}  // namespace weir
