#include "mqtt/journal_log.h"

#include <fmt/core.h>

#include "base/crc32c.h"
#include "base/log.h"

namespace weir::mqtt {
namespace {

Result<void> apply_record(const WalRecord& record, JournalImage& image) {
  ByteReader in(record.body);
  while (!in.at_end()) {
    WEIR_TRY(Op op, decode_op(in));
    image.apply(op);
  }
  return {};
}

}  // namespace

JournalLog::JournalLog(JournalLogOptions options, FileSystem& files)
    : options_(std::move(options)),
      files_(files),
      writer_(kJournalLog, files, options_.directory, options_.segment_bytes) {}

Result<std::unique_ptr<JournalLog>> JournalLog::open(JournalLogOptions options, FileSystem& files) {
  std::unique_ptr<JournalLog> log(new JournalLog(std::move(options), files));
  if (Result<void> recovered = log->recover(); !recovered.ok()) {
    std::string remedy = fmt::format(
        "the broker's journal cannot be read. Restore {} from a backup, or move it away "
        "to start without the sessions and retained messages in it",
        log->options_.directory);
    return std::move(recovered).error().with_context(remedy);
  }
  return log;
}

Result<void> JournalLog::recover() {
  const std::string& directory = options_.directory;
  WEIR_CHECK(files_.create_directories(directory));
  size_t slash = directory.rfind('/');
  if (slash != std::string::npos && slash != 0) {
    WEIR_CHECK(files_.sync_directory(directory.substr(0, slash)));
  }
  WEIR_TRY(lock_, files_.lock(directory + "/lock"));
  WEIR_TRY(WalContents log,
           read_log(kJournalLog, files_, directory, UINT64_MAX, "mqtt",
                    [this](const WalRecord& record) { return apply_record(record, image_); }));
  uint64_t first = log.segments.empty() ? 1 : log.segments.front().first_lsn;
  if (first > 1 && image_.checkpoint_lsn() < first) {
    return Error{Errc::io,
                 fmt::format("log segment {} is damaged at offset 0: no checkpoint begins "
                             "in or behind it; a segment before it is missing",
                             log.segments.front().path)};
  }
  image_.sweep();
  next_lsn_ = log.next_lsn;
  synced_lsn_ = next_lsn_ - 1;
  return writer_.start(std::move(log.segments), next_lsn_);
}

void JournalLog::start_record() { buffer_.assign(kWalRecordHeaderBytes, '\0'); }

// Gives the record its header and appends it.
Result<void> JournalLog::write_record() {
  if (has_failed_append_) {
    WEIR_CHECK(writer_.start_over());
    has_failed_append_ = false;
    synced_lsn_ = next_lsn_ - 1;
  }
  std::string_view body = std::string_view(buffer_).substr(kWalRecordHeaderBytes);
  std::string header;
  append_record_header(header, body.size(), crc32c(body), next_lsn_, synced_lsn_, kOpsRecord);
  buffer_.replace(0, header.size(), header);
  Result<void> appended = writer_.append(buffer_, next_lsn_ + 1);
  has_failed_append_ = !appended.ok();
  if (appended.ok()) {
    next_lsn_++;
    written_bytes_ += buffer_.size();
  }
  if (buffer_.capacity() > kBufferKept) std::string().swap(buffer_);
  return appended;
}

Result<size_t> JournalLog::write(std::span<const Op> ops) {
  start_record();
  size_t count = 0;
  for (bool is_full = false; count < ops.size() && !is_full; count++) {
    encode_op(ops[count], buffer_);
    is_full = ops[count].ends_batch && buffer_.size() >= kRecordBytes;
  }
  if (count == 0) return count;
  WEIR_CHECK(write_record());
  for (const Op& op : ops.first(count)) image_.apply(op);
  return count;
}

Result<void> JournalLog::sync() {
  if (!has_unsynced()) return {};
  WEIR_CHECK(writer_.sync());
  synced_lsn_ = next_lsn_ - 1;
  return {};
}

bool JournalLog::checkpoint_is_due() const {
  uint64_t size = bytes();
  if (size < checkpoint_again_) return false;
  return size > options_.checkpoint_bytes_min + 2 * image_.bytes() ||
         writer_.segments().size() > kSegmentsMax;
}

Result<bool> JournalLog::checkpoint() {
  if (!walk_ && !checkpoint_is_due()) return false;
  Result<bool> more = checkpoint_portion();
  if (!more.ok()) {
    // The ops of the day go on; a full disk is not tried at once again.
    walk_.reset();
    has_failed_append_ = true;
    checkpoint_again_ = bytes() + options_.segment_bytes;
  }
  return more;
}

Result<bool> JournalLog::checkpoint_portion() {
  if (!walk_) {
    if (has_failed_append_) return false;
    WEIR_CHECK(writer_.rotate());
    synced_lsn_ = next_lsn_ - 1;
    walk_.emplace();
    walk_lsn_ = next_lsn_;
  }
  start_record();
  bool more = walk_->next(image_, kPortionBytes, buffer_);
  Op end;
  if (!more) {
    auto details = std::make_shared<OpDetails>();
    details->next_session = image_.next_session();
    details->next_number = image_.next_number();
    end.kind = OpKind::checkpoint;
    end.number = walk_lsn_;
    end.details = std::move(details);
    encode_op(end, buffer_);
  }
  WEIR_CHECK(write_record());
  if (more) return true;
  WEIR_CHECK(sync());
  image_.apply(end);
  walk_.reset();
  checkpoints_++;
  checkpoint_again_ = 0;
  if (Result<void> removed = writer_.remove_before(walk_lsn_); !removed.ok()) {
    log::warn("mqtt", "an old segment of the journal stays until the next checkpoint: {}",
              removed.error().message);
  }
  return false;
}

Result<void> inspect_journal(const std::string& directory, FileSystem& files,
                             const std::function<void(const WalSegmentInfo&)>& visit) {
  JournalImage image;
  return inspect_segments(
      kJournalLog, files, directory,
      [&](const WalRecord& record) { return apply_record(record, image); }, visit);
}

}  // namespace weir::mqtt
