#include "mqtt/journal.h"

#include <pthread.h>

#include <algorithm>

#include "base/log.h"
#include "mqtt/metrics.h"

namespace weir::mqtt {

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

uint64_t Journal::append(std::vector<Op>& ops) {
  size_t bytes = ops.size() * sizeof(Op);
  for (const Op& op : ops) {
    if (op.message) bytes += text_bytes(*op.message);
  }
  if (ops.empty()) return queue_.lock()->position;
  ops.back().ends_batch = true;
  queued_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  auto queue = queue_.lock();
  queue->position += ops.size();
  if (queue->ops.empty()) {
    queue->ops.swap(ops);
  } else {
    queue->ops.insert(queue->ops.end(), std::make_move_iterator(ops.begin()),
                      std::make_move_iterator(ops.end()));
  }
  uint64_t position = queue->position;
  bool is_waited_for = std::exchange(queue->is_waited_for, false);
  queue.unlock();
  if (is_waited_for) changed_.notify_one();
  ops.clear();
  return position;
}

void Journal::run_thread() {
  pthread_setname_np(pthread_self(), "weir-journal");
  while (true) {
    {
      auto queue = queue_.lock();
      auto ready = [&] {
        queue->is_waited_for = !queue->stopping && queue->ops.empty();
        return !queue->is_waited_for;
      };
      if (is_stalled_) {
        queue.wait_for(changed_, std::chrono::milliseconds(kRetryMs),
                       [&] { return queue->stopping; });
      } else if (options_.durability.mode == Durability::Mode::interval && !is_failed_ &&
                 log_->has_unsynced()) {
        auto due = last_sync_ + std::chrono::milliseconds(options_.durability.interval_ms);
        auto rest = due - std::chrono::steady_clock::now();
        if (!checkpoint_goes_on_ && rest > rest.zero()) queue.wait_for(changed_, rest, ready);
      } else if (!checkpoint_goes_on_) {
        queue.wait(changed_, ready);
      }
      queue->is_waited_for = false;
    }
    step();
    auto queue = queue_.lock();
    bool is_done = group_.empty() && queue->ops.empty();
    if (queue->stopping && (is_done || is_stalled_ || is_failed_)) return;
  }
}

bool Journal::take_group() {
  if (!group_.empty()) return true;  // it stalled
  auto queue = queue_.lock();
  group_.swap(queue->ops);
  group_position_ = queue->position;
  group_written_ = 0;
  group_bytes_ = queued_bytes_.load(std::memory_order_relaxed);
  return !group_.empty();
}

bool Journal::step() {
  bool has_work = take_group();
  if (is_failed_) {
    group_.clear();
    queued_bytes_ = 0;
    wake_waiters();
    return false;
  }
  if (!write_group()) return false;
  if (Result<void> synced = sync_if_due(); !synced.ok()) {
    fail(synced.error());
    return false;
  }
  if (has_work) publish();
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

Result<void> Journal::sync_if_due() {
  if (!log_->has_unsynced() || options_.durability.mode == Durability::Mode::none) return {};
  auto start = std::chrono::steady_clock::now();
  if (options_.durability.mode == Durability::Mode::interval &&
      start - last_sync_ < std::chrono::milliseconds(options_.durability.interval_ms)) {
    return {};
  }
  WEIR_CHECK(log_->sync());
  last_sync_ = std::chrono::steady_clock::now();
  journal_sync_seconds.observe(std::chrono::duration<double>(last_sync_ - start).count());
  return {};
}

void Journal::publish() {
  constexpr size_t kOpsKept = 64 * 1024;
  durable_ = group_position_;
  wake_waiters();
  queued_bytes_.fetch_sub(group_bytes_, std::memory_order_relaxed);
  group_.clear();
  if (group_.capacity() > kOpsKept) std::vector<Op>().swap(group_);
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
