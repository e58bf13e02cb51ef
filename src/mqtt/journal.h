// Journal: what lets durable sessions and retained messages outlive the process.
//
// The broker's threads append ops, a batch for each read; one thread takes everything that waits,
// writes it at once, syncs as Durability says, and then calls durable() a larger position. While
// one group syncs the next one gathers. Nothing is encoded on an io thread. What nobody waits for
// (the acknowledgement of a QoS 1 message, a retained one of QoS 0) is synced with what somebody
// does wait for, or a moment later: the end of the process loses nothing, a power cut that moment.
//
// A full disk stalls the journal: nothing more becomes durable, is_congested() says so, it is tried
// again every second and goes on when there is room. A failed sync ends it until the process starts
// anew: is_failed(), and what waits will never be durable. Threads: append(), the numbers and the
// questions from any; image() before start(). Bytes: docs/format.md#the-brokers-journal.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/durability.h"
#include "base/sync.h"
#include "mqtt/journal_log.h"

namespace weir::mqtt {

class Journal {
 public:
  struct Options {
    JournalLogOptions log;
    Durability durability;
  };

  static Result<std::unique_ptr<Journal>> open(Options options, FileSystem& files);
  // Writes and syncs what was appended.
  ~Journal();

  // What was found. Before start().
  const JournalImage& image() const { return log_->image(); }
  // From here on a thread does the work. Without it, each call of step() does a group's.
  void start();
  // `wakes[i]` is called on the journal's thread when something became durable, or never will, and
  // waiter i has asked for it since it was called last. Before the first append().
  void set_waiters(std::vector<std::function<void()>> wakes);

  // Takes the ops and leaves the vector empty. After a crash there are all of them or none. Returns
  // the position behind them, and behind what others appended before. `is_waited_for`: somebody
  // waits for this position; there may be no ops then.
  uint64_t append(std::vector<Op>& ops, bool is_waited_for);
  uint64_t durable() const { return durable_.load(); }
  // From now on waiter `index` wants to be called. Look at durable() once more after this.
  void want(size_t index) { waiters_[index].wants = true; }
  uint64_t next_session() { return next_session_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t next_number() { return next_number_.fetch_add(1, std::memory_order_relaxed); }

  bool is_congested() const {
    return is_stalled_.load(std::memory_order_relaxed) ||
           queued_bytes_.load(std::memory_order_relaxed) > kQueuedBytesMax / 2;
  }
  // What could wait may bring no more: nobody who would is let in.
  bool is_full() const { return queued_bytes_.load(std::memory_order_relaxed) > kQueuedBytesMax; }
  bool is_failed() const { return is_failed_.load(); }
  bool is_stalled() const { return is_stalled_.load(); }
  // Makes `target`, a journal with everything durable before the call. Files that do not change any
  // more get a second name; nobody waits. What a failure leaves is the caller's to remove.
  Result<void> backup(const std::string& target) const;
  uint64_t log_bytes() const { return log_bytes_.load(std::memory_order_relaxed); }

  // Takes one group, writes and syncs it. Returns whether there was something to do that could be
  // done. Without start() only.
  bool step() { return step(true); }
  // Writes and syncs everything, joins the thread. What is appended later is lost.
  void stop();

 private:
  // Ops that wait for the disk: several times what one sync takes. Who writes pauses at half of it,
  // so that what is under way still finds room.
  static constexpr size_t kQueuedBytesMax = 128 * 1024 * 1024;
  // How often a full disk is tried again.
  static constexpr int64_t kRetryMs = 1000;
  // How long what nobody waits for may stay unsynced: some ten syncs a second cost nothing.
  static constexpr int64_t kUnsyncedMs = 100;

  struct Queue {
    std::vector<Op> ops;
    uint64_t position = 0;
    bool wants_sync = false;  // somebody waits for what was appended
    bool is_idle = false;     // the thread sleeps
    bool stopping = false;
  };
  struct Waiter {
    std::atomic<bool> wants = false;
    std::function<void()> wake;
  };

  Journal(Options options, std::unique_ptr<JournalLog> log);
  void run_thread();
  void sleep();
  bool step(bool syncs);
  bool take_group();
  bool write_group();
  Result<void> sync_if_due(bool is_wanted);
  void release_group();
  void publish();
  void stall(const Error& error);
  void fail(const Error& error);
  void wake_waiters();

  const Options options_;
  std::unique_ptr<JournalLog> log_;
  Guarded<Queue> queue_;
  std::condition_variable changed_;
  std::deque<Waiter> waiters_;
  std::atomic<uint64_t> durable_ = 0;
  std::atomic<uint64_t> next_session_, next_number_;
  std::atomic<size_t> queued_bytes_ = 0;  // of the queue and the group
  std::atomic<bool> is_stalled_ = false, is_failed_ = false;
  std::atomic<uint64_t> log_bytes_ = 0;
  // The journal's thread only.
  std::vector<Op> group_;     // what is being written
  size_t group_written_ = 0;  // so many of it are
  size_t group_bytes_ = 0;
  uint64_t group_position_ = 0, written_position_ = 0;
  bool sync_is_wanted_ = false;
  bool checkpoint_goes_on_ = false;
  std::chrono::steady_clock::time_point last_sync_;
  std::chrono::steady_clock::time_point unsynced_since_;  // where has_unsynced()
  std::thread thread_;
};

}  // namespace weir::mqtt
