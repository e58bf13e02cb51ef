// JournalLog: the journal's files: reading them back at a start, writing ops, checkpoints.
//
// One thread at a time; Journal is the thread. A record is written whole or, after an error, not at
// all: write() may be called again with the same ops, and goes on once there is room. After a
// failed sync it is lost: everything fails until the process starts anew.
//
// Checkpoint: when the log has grown well beyond what lives, all that lives is said anew, portion
// by portion, between the ops of the day; then the segments before its beginning are removed. So
// nobody waits for it, there is one log at any time, and a crash in the midst of it finds the old
// segments. Replay reads about three times what lives and the least size of a log.
// Layout: docs/format.md#the-brokers-journal.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/file.h"
#include "base/wal_recovery.h"
#include "base/wal_writer.h"
#include "mqtt/journal_image.h"

namespace weir::mqtt {

struct JournalLogOptions {
  std::string directory;
  uint64_t segment_bytes = 16 * 1024 * 1024;
  // A log below this is not worth a checkpoint: it is read in a fraction of a second.
  uint64_t checkpoint_bytes_min = 64 * 1024 * 1024;
};

class JournalLog {
 public:
  // Opens or creates the directory and reads what is there into image(). Damage is Errc::io with
  // file, offset and what to do; a torn tail is cut with a warning.
  static Result<std::unique_ptr<JournalLog>> open(JournalLogOptions options, FileSystem& files);

  const JournalImage& image() const { return image_; }
  // Writes whole batches from the front, as many as make a record, and applies them to the image.
  // Returns the number of ops. Durable after the next sync().
  Result<size_t> write(std::span<const Op> ops);
  // At once when there is nothing to sync.
  Result<void> sync();
  bool has_unsynced() const { return synced_lsn_ + 1 < next_lsn_; }
  // A sync failed: the tail is unknown for good.
  bool is_lost() const { return writer_.has_failed_sync(); }

  // One portion of a checkpoint, if one is due or begun. Returns whether it is to be called again.
  Result<bool> checkpoint();

  uint64_t bytes() const { return writer_.total_bytes(); }
  std::vector<WalSegment> segments() const { return writer_.segments(); }  // any thread
  uint64_t written_bytes() const { return written_bytes_; }
  uint64_t checkpoints() const { return checkpoints_; }

 private:
  // Ops per record: many records in one write would gain nothing.
  static constexpr size_t kRecordBytes = 1024 * 1024;
  // What one portion of a checkpoint adds to the time of a group commit: a few milliseconds.
  static constexpr size_t kPortionBytes = 1024 * 1024;
  // Each start begins a segment: so many short ones are put together by a checkpoint.
  static constexpr size_t kSegmentsMax = 100;
  // The buffer is given back when a record was larger than usual.
  static constexpr size_t kBufferKept = 8 * 1024 * 1024;

  JournalLog(JournalLogOptions options, FileSystem& files);
  Result<void> recover();
  bool checkpoint_is_due() const;
  Result<bool> checkpoint_portion();
  void start_record();
  Result<void> write_record();

  const JournalLogOptions options_;
  FileSystem& files_;
  std::unique_ptr<FileLock> lock_;
  WalWriter writer_;
  JournalImage image_;
  uint64_t next_lsn_ = 1, synced_lsn_ = 0;
  bool has_failed_append_ = false;
  std::string buffer_;  // the record being made, its header first
  std::optional<JournalWalk> walk_;
  uint64_t walk_lsn_ = 0;          // first record of the checkpoint that is under way
  uint64_t checkpoint_again_ = 0;  // bytes of the log at which a failed one is tried again
  uint64_t written_bytes_ = 0, checkpoints_ = 0;
};

// What `weir inspect` shows of a journal that no process has open.
Result<void> inspect_journal(const std::string& directory, FileSystem& files,
                             const std::function<void(const WalSegmentInfo&)>& visit);

}  // namespace weir::mqtt
