#include "base/wal_writer.h"

namespace weir {

WalWriter::WalWriter(const WalKind& kind, FileSystem& files, std::string directory,
                     uint64_t segment_bytes)
    : kind_(kind), files_(files), directory_(std::move(directory)), segment_bytes_(segment_bytes) {}

Result<void> WalWriter::start(std::vector<WalSegment> existing, uint64_t next_lsn) {
  *segments_.lock() = std::move(existing);
  return open_segment(next_lsn);
}

Result<void> WalWriter::open_segment(uint64_t first_lsn) {
  WalSegment segment{directory_ + "/" + segment_name(first_lsn), first_lsn, first_lsn,
                     kWalHeaderBytes};
  WEIR_TRY(file_, files_.create(segment.path));
  WEIR_CHECK(file_->preallocate(segment_bytes_));
  WEIR_CHECK(file_->append(segment_header(kind_, first_lsn)));
  WEIR_CHECK(file_->sync());
  WEIR_CHECK(files_.sync_directory(directory_));
  segments_.lock()->push_back(std::move(segment));
  return {};
}

Result<void> WalWriter::append(std::string_view bytes, uint64_t end_lsn) {
  auto current = segments_.lock()->back();
  if (current.bytes > kWalHeaderBytes && current.bytes + bytes.size() > segment_bytes_) {
    WEIR_CHECK(rotate());
  }
  WEIR_CHECK(file_->append(bytes));
  auto segments = segments_.lock();
  segments->back().bytes += bytes.size();
  segments->back().end_lsn = end_lsn;
  return {};
}

Result<void> WalWriter::sync() { return file_->sync(); }

Result<void> WalWriter::rotate() {
  uint64_t next_lsn = 0;
  {
    auto segments = segments_.lock();
    if (segments->back().bytes == kWalHeaderBytes) return {};
    next_lsn = segments->back().end_lsn;
  }
  WEIR_CHECK(file_->sync());
  WEIR_CHECK(file_->close());
  return open_segment(next_lsn);
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
    auto segments = segments_.lock();
    segments->erase(segments->begin());
  }
}

uint64_t WalWriter::total_bytes() const {
  uint64_t total = 0;
  auto segments = segments_.lock();
  for (const WalSegment& segment : *segments) total += segment.bytes;
  return total;
}

}  // namespace weir
