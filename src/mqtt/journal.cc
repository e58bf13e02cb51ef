#include "mqtt/journal.h"

#include <pthread.h>

#include <algorithm>

#include "base/log.h"
#include "mqtt/metrics.h"

namespace weir::mqtt {

// What an op holds while it waits.
static size_t held_bytes(const Op& op) {
  size_t bytes = sizeof(Op);
  if (op.message) bytes += text_bytes(*op.message);
  if (op.details) {
    const OpDetails& more = *op.details;
    bytes += sizeof(OpDetails) + more.name.size() + more.user.size();
    bytes += more.ids.size() * sizeof(uint32_t);
  }
  return bytes;
}

Result<std::unique_ptr<Journal>> Journal::open(Options options, FileSystem& files) {
  WEIR_TRY(std::unique_ptr<JournalLog> log, JournalLog::open(options.log, files));
  return std::unique_ptr<Journal>(new Journal(std::move(options), std::move(log)));
}

Journal::Journal(Options options, std::unique_ptr<JournalLog> log)
    : options_(std::move(options)),
      log_(std::move(log)),
      next_session_(log_->image().next_session()),
      next_number_(log_->image().next_number()),
      log_bytes_(log_->bytes()),
      last_sync_(std::chrono::steady_clock::now()) {
  journal_failed.set(0);
  journal_stalled.set(0);
  journal_bytes.set(static_cast<double>(log_->bytes()));
}

Journal::~Journal() { stop(); }

void Journal::start() {
  thread_ = std::thread([this] { run_thread(); });
}

void Journal::set_waiters(std::vector<std::function<void()>> wakes) {
  for (std::function<void()>& wake : wakes) waiters_.emplace_back().wake = std::move(wake);
}

uint64_t Journal::append(std::vector<Op>& ops, bool is_waited_for) {
  size_t bytes = 0;
  for (const Op& op : ops) bytes += held_bytes(op);
  if (!ops.empty()) ops.back().ends_batch = true;
  queued_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  auto queue = queue_.lock();
  queue->position += ops.size();
  if (queue->ops.empty()) {
    queue->ops.swap(ops);
  } else {
    queue->ops.insert(queue->ops.end(), std::make_move_iterator(ops.begin()),
                      std::make_move_iterator(ops.end()));
  }
  queue->wants_sync |= is_waited_for;
  uint64_t position = queue->position;
  bool has_work = !queue->ops.empty() || queue->wants_sync;
  bool wakes = has_work && std::exchange(queue->is_idle, false);
  queue.unlock();
  if (wakes) changed_.notify_one();
  ops.clear();
  return position;
}

// Until there is something to do.
void Journal::sleep() {
  using Clock = std::chrono::steady_clock;
  auto queue = queue_.lock();
  auto ready = [&] {
    queue->is_idle = !queue->stopping && queue->ops.empty() && !queue->wants_sync;
    return !queue->is_idle;
  };
  if (is_stalled_) {
    queue.wait_for(changed_, std::chrono::milliseconds(kRetryMs), [&] { return queue->stopping; });
  } else if (checkpoint_goes_on_) {
    return;
  } else if (is_failed_ || !log_->has_unsynced() ||
             options_.durability.mode == Durability::Mode::none) {
    queue.wait(changed_, ready);
  } else {
    bool by_interval = options_.durability.mode == Durability::Mode::interval;
    auto since = by_interval ? last_sync_ : unsynced_since_;
    auto most =
        std::chrono::milliseconds(by_interval ? options_.durability.interval_ms : kUnsyncedMs);
    auto rest = since + most - Clock::now();
    if (rest > rest.zero()) queue.wait_for(changed_, rest, ready);
  }
  queue->is_idle = false;
}

void Journal::run_thread() {
  pthread_setname_np(pthread_self(), "weir-journal");
  while (true) {
    sleep();
    step(false);
    auto queue = queue_.lock();
    bool is_done = group_.empty() && queue->ops.empty();
    if (queue->stopping && (is_done || is_stalled_ || is_failed_)) return;
  }
}

bool Journal::take_group() {
  auto queue = queue_.lock();
  sync_is_wanted_ |= std::exchange(queue->wants_sync, false);
  if (!group_.empty()) return true;  // it stalled
  group_.swap(queue->ops);
  group_position_ = queue->position;
  group_written_ = 0;
  group_bytes_ = queued_bytes_.load(std::memory_order_relaxed);
  return !group_.empty();
}

bool Journal::step(bool syncs) {
  bool has_work = take_group();
  if (is_failed_) {
    group_.clear();
    queued_bytes_ = 0;
    wake_waiters();
    return false;
  }
  if (!log_->has_unsynced()) unsynced_since_ = std::chrono::steady_clock::now();
  if (!write_group()) return false;
  release_group();
  if (Result<void> synced = sync_if_due(syncs || sync_is_wanted_); !synced.ok()) {
    fail(synced.error());
    return false;
  }
  publish();
  Result<bool> more = log_->checkpoint();
  if (!more.ok() && log_->is_lost()) {
    fail(more.error());
    return false;
  }
  if (!more.ok()) log::warn("mqtt", "no checkpoint of the journal: {}", more.error().message);
  checkpoint_goes_on_ = more.ok() && *more;
  log_bytes_ = log_->bytes();
  journal_bytes.set(static_cast<double>(log_->bytes()));
  return has_work || checkpoint_goes_on_;
}

// False if it must be tried again, or never.
bool Journal::write_group() {
  while (group_written_ < group_.size()) {
    uint64_t before = log_->written_bytes();
    Result<size_t> written = log_->write(std::span<const Op>(group_).subspan(group_written_));
    if (!written.ok()) {
      log_->is_lost() ? fail(written.error()) : stall(written.error());
      return false;
    }
    journal_written_bytes.add(log_->written_bytes() - before);
    group_written_ += *written;
  }
  if (is_stalled_) {
    log::warn("mqtt", "the journal goes on: there is room again");
    is_stalled_ = false;
    journal_stalled.set(0);
  }
  return true;
}

Result<void> Journal::sync_if_due(bool is_wanted) {
  using std::chrono::milliseconds;
  if (!log_->has_unsynced()) return {};
  auto start = std::chrono::steady_clock::now();
  switch (options_.durability.mode) {
    case Durability::Mode::none:
      return {};
    case Durability::Mode::interval:
      if (start - last_sync_ < milliseconds(options_.durability.interval_ms)) return {};
      break;
    case Durability::Mode::sync:
      if (!is_wanted && start - unsynced_since_ < milliseconds(kUnsyncedMs)) return {};
      break;
  }
  WEIR_CHECK(log_->sync());
  last_sync_ = std::chrono::steady_clock::now();
  journal_sync_seconds.observe(std::chrono::duration<double>(last_sync_ - start).count());
  return {};
}

void Journal::release_group() {
  constexpr size_t kOpsKept = 64 * 1024;
  written_position_ = group_position_;
  queued_bytes_.fetch_sub(group_bytes_, std::memory_order_relaxed);
  group_bytes_ = 0;
  group_.clear();
  if (group_.capacity() > kOpsKept) std::vector<Op>().swap(group_);
}

// Tells how far everything is as durable as promised.
void Journal::publish() {
  if (options_.durability.mode == Durability::Mode::sync && log_->has_unsynced()) return;
  sync_is_wanted_ = false;
  if (durable_ != written_position_) durable_ = written_position_;
  wake_waiters();
}

void Journal::wake_waiters() {
  for (Waiter& waiter : waiters_) {
    if (waiter.wants.exchange(false)) waiter.wake();
  }
}

void Journal::stall(const Error& error) {
  if (is_stalled_.exchange(true)) return;
  journal_stalled.set(1);
  log::error("mqtt",
             "the journal cannot be written; publishers of what it holds wait until it can: {}",
             error.message);
}

void Journal::fail(const Error& error) {
  is_failed_ = true;
  is_stalled_ = false;
  journal_failed.set(1);
  journal_stalled.set(0);
  log::error("mqtt",
             "the journal refuses everything until weir is started anew, since what it wrote may "
             "be lost: {}",
             error.message);
  group_.clear();
  queued_bytes_ = 0;
  checkpoint_goes_on_ = false;
  wake_waiters();
}

void Journal::stop() {
  {
    auto queue = queue_.lock();
    if (queue->stopping) return;
    queue->stopping = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) {
    thread_.join();
  } else {
    while (step()) {
    }
  }
  if (is_failed_) return;
  if (!group_.empty()) {
    log::error("mqtt", "the journal stops without {} steps that could not be written",
               group_.size() - group_written_);
  }
  if (Result<void> synced = log_->sync(); !synced.ok()) {
    log::error("mqtt", "the journal could not be synced at the end: {}", synced.error().message);
  }
}

}  // namespace weir::mqtt
