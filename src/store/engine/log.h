// The write-ahead log as the engine uses it: a queue, and one thread that commits in groups.
//
// submit() numbers a record and queues it. The thread takes everything that waits, writes it at
// once, syncs as Durability says, hands each record to `apply` in order of LSN, and completes it.
// While one group syncs the next one gathers, so no artificial delay is needed to share a sync.
//
// Records become visible (applied) only after they are as durable as promised.
//
// A write that fails, as on a full disk, stalls the log: rows are refused with Errc::unavailable,
// and the writer is started over from time to time until it succeeds and rows are taken again.
// Definitions are in memory by then, so they keep their place in the queue and reach the log before
// any row that uses them. After a failed sync what is on disk is unknown, and a second sync would
// not tell: every record fails until the log is reopened.
// Threads: submit() and the rest from any; `apply` and completions run on the log's thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "base/sync.h"
#include "base/wal_writer.h"
#include "store/engine/engine.h"
#include "store/engine/log_records.h"

namespace weir::store {

class Log {
 public:
  using Apply = std::function<void(const LogRecord&)>;
  using Done = std::function<void(Result<void>)>;

  // The writer has been started for `next_lsn`.
  Log(WalWriter& writer, Durability durability, uint64_t next_lsn, Apply apply,
      std::chrono::milliseconds retry_after = std::chrono::seconds(1));
  ~Log();

  // `done` (may be empty) is called exactly once; before submit() returns if the record is refused.
  void submit(RecordType type, std::string body, Done done);
  // Submits and waits until it is applied.
  Result<void> submit_and_wait(RecordType type, std::string body);
  // Waits until everything submitted so far is applied, then runs `task` on the log's thread.
  Result<void> run(std::function<Result<void>()> task);
  // Syncs everything submitted so far, whatever the durability.
  Result<void> sync_all();
  // Completes what is queued, syncs, and joins. Later records are refused.
  Result<void> stop();

  // What submit() would say to rows now.
  Result<void> accepts_rows() const { return refusal(*queue_.lock(), RecordType::rows); }
  // Half of what may wait does: time for senders to pause, before submit() refuses.
  bool congested() const {
    auto queue = queue_.lock();
    return queue->bytes > kQueuedBytesMax / 2 || !queue->stall.empty();
  }
  // Errc::unavailable with the reason while the log takes no rows.
  Result<void> health() const;
  // The same, but only once it has failed for ever.
  Result<void> failure() const;
  uint64_t applied_lsn() const { return applied_lsn_.load(std::memory_order_acquire); }

 private:
  // What waits for the disk: several times what one sync takes, small against the head's budget.
  static constexpr size_t kQueuedBytesMax = 128 * 1024 * 1024;
  // One write; a larger one does not sync faster per byte.
  static constexpr size_t kGroupBytesMax = 4 * 1024 * 1024;

  struct Entry {
    uint64_t lsn = 0;  // once it is being written
    RecordType type = RecordType::rows;
    std::string body;
    uint32_t body_crc = 0;
    Done done;
    std::function<Result<void>()> task;  // instead of a record
  };
  struct Queue {
    std::deque<Entry> entries;
    size_t bytes = 0;
    bool stopping = false;
    std::string failure;  // not empty: refuse everything
    std::string stall;    // not empty: refuse rows, keep definitions
  };

  static Result<void> refusal(const Queue& queue, RecordType type);
  void run_thread();
  // False when the queue is empty and the log stops.
  bool take_group(std::vector<Entry>& group);
  bool take_while_stalled(Guarded<Queue>::Lock& queue, std::vector<Entry>& group);
  Result<void> write_group(std::vector<Entry>& group);
  void finish(Entry& entry);
  Result<void> sync();
  Result<void> sync_if_due();
  void fail(const Error& error);
  // What a failed write or task leaves: a stall, or the end if it was a sync that failed.
  void stop_short(const Error& error, std::vector<Entry>& group);
  void try_again();

  WalWriter& writer_;
  Durability durability_;
  Apply apply_;
  Guarded<Queue> queue_;
  std::condition_variable changed_;
  std::atomic<uint64_t> applied_lsn_;
  // The log's thread only.
  uint64_t written_lsn_, synced_lsn_;
  std::chrono::milliseconds retry_after_;
  std::chrono::steady_clock::time_point retry_at_;
  bool is_stalled_ = false;
  std::chrono::steady_clock::time_point last_sync_;
  std::string buffer_;
  std::thread thread_;
};

}  // namespace weir::store
