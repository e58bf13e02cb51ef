#include "store/engine/log.h"

#include <pthread.h>

#include <algorithm>
#include <future>

#include "base/crc32c.h"
#include "base/log.h"
#include "store/engine/metrics.h"

namespace weir::store {
namespace {

bool is_definition(RecordType type) {
  return type == RecordType::series || type == RecordType::fields ||
         type == RecordType::field_types;
}

}  // namespace

Log::Log(WalWriter& writer, Durability durability, uint64_t next_lsn, Apply apply,
         std::chrono::milliseconds retry_after)
    : writer_(writer),
      durability_(durability),
      apply_(std::move(apply)),
      applied_lsn_(next_lsn - 1),
      written_lsn_(next_lsn - 1),
      synced_lsn_(next_lsn - 1),
      retry_after_(retry_after),
      last_sync_(std::chrono::steady_clock::now()) {
  thread_ = std::thread([this] { run_thread(); });
}

Log::~Log() { (void)stop(); }

void Log::submit(RecordType type, std::string body, Done done) {
  Entry entry{0, type, std::move(body), 0, std::move(done), {}};
  entry.body_crc = crc32c(entry.body);
  Result<void> accepted;
  {
    auto queue = queue_.lock();
    accepted = refusal(*queue, type);
    if (accepted.ok()) {
      queue->bytes += entry.body.size();
      queue->entries.push_back(std::move(entry));
      changed_.notify_one();
    }
  }
  if (!accepted.ok() && entry.done) entry.done(std::move(accepted));
}

Result<void> Log::refusal(const Queue& queue, RecordType type) {
  if (!queue.failure.empty()) return Error{Errc::unavailable, queue.failure};
  if (queue.stopping) return Error{Errc::unavailable, "the store is closed"};
  if (!queue.stall.empty() && !is_definition(type)) {
    return Error{Errc::unavailable, queue.stall};
  }
  // Only rows are refused for their number: a definition that is in memory must reach the log.
  if (!is_rows(type) || queue.bytes <= kQueuedBytesMax) return {};
  return Error{Errc::unavailable, "too many writes wait for the disk; try again later"};
}

Result<void> Log::submit_and_wait(RecordType type, std::string body) {
  auto promise = std::make_shared<std::promise<Result<void>>>();
  auto future = promise->get_future();
  submit(type, std::move(body), [promise](Result<void> result) { promise->set_value(result); });
  return future.get();
}

Result<void> Log::run(std::function<Result<void>()> task) {
  auto promise = std::make_shared<std::promise<Result<void>>>();
  auto future = promise->get_future();
  {
    auto queue = queue_.lock();
    if (!queue->failure.empty()) return Error{Errc::unavailable, queue->failure};
    if (queue->stopping) return Error{Errc::unavailable, "the store is closed"};
    Entry entry;
    entry.done = [promise](Result<void> result) { promise->set_value(std::move(result)); };
    entry.task = std::move(task);
    queue->entries.push_back(std::move(entry));
    changed_.notify_one();
  }
  return future.get();
}

Result<void> Log::sync_all() {
  return run([this] { return synced_lsn_ < written_lsn_ ? sync() : Result<void>(); });
}

Result<void> Log::stop() {
  {
    auto queue = queue_.lock();
    queue->stopping = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  return failure();
}

Result<void> Log::health() const {
  auto queue = queue_.lock();
  if (!queue->failure.empty()) return Error{Errc::unavailable, queue->failure};
  if (!queue->stall.empty()) return Error{Errc::unavailable, queue->stall};
  return {};
}

Result<void> Log::failure() const {
  auto queue = queue_.lock();
  if (!queue->failure.empty()) return Error{Errc::unavailable, queue->failure};
  return {};
}

void Log::run_thread() {
  pthread_setname_np(pthread_self(), "weir-log");
  std::vector<Entry> group;
  while (take_group(group)) {
    if (is_stalled_ && group.empty()) {
      try_again();
      continue;
    }
    Result<void> written = is_stalled_ ? Result<void>() : write_group(group);
    if (is_stalled_) {
      // a task, which waits for nobody
    } else if (!written.ok()) {
      stop_short(written.error(), group);
    } else if (Result<void> synced = sync_if_due(); !synced.ok()) {
      fail(synced.error());
    }
    for (Entry& entry : group) finish(entry);
    group.clear();
  }
  if (failure().ok() && synced_lsn_ < written_lsn_) {
    Result<void> synced = sync();
    if (!synced.ok() && (!is_stalled_ || writer_.has_failed_sync())) fail(synced.error());
  }
}

// Of an entry that is written, or could not be.
void Log::finish(Entry& entry) {
  Result<void> result;
  if (entry.task) {
    result = failure();
    if (result.ok()) result = entry.task();
    std::vector<Entry> none;
    bool is_new = !is_stalled_ || writer_.has_failed_sync();
    if (!result.ok() && failure().ok() && is_new) stop_short(result.error(), none);
  } else {
    result = entry.lsn == 0 ? health() : failure();
    if (result.ok()) {
      apply_({entry.lsn, entry.type, entry.body});
      applied_lsn_.store(entry.lsn, std::memory_order_release);
    }
  }
  if (entry.done) entry.done(std::move(result));
}

void Log::stop_short(const Error& error, std::vector<Entry>& group) {
  if (writer_.has_failed_sync()) return fail(error);
  std::vector<Entry> refused;
  {
    auto queue = queue_.lock();
    queue->stall = "the store refuses writes until its log can grow again: " + error.message;
    // Definitions keep their order, rows behind them are refused, and tasks are run.
    std::deque<Entry> kept;
    auto sort_out = [&](Entry& entry) {
      if (entry.task || is_definition(entry.type)) {
        kept.push_back(std::move(entry));
      } else {
        refused.push_back(std::move(entry));
      }
    };
    for (Entry& entry : group) sort_out(entry);
    for (Entry& entry : queue->entries) sort_out(entry);
    queue->entries = std::move(kept);
    queue->bytes = 0;
    for (const Entry& entry : queue->entries) queue->bytes += entry.body.size();
  }
  group.clear();
  is_stalled_ = true;
  retry_at_ = std::chrono::steady_clock::now() + retry_after_;
  log_stalled.set(1);
  log::error("store", "writes are refused until the log can grow again: {}", error.message);
  for (Entry& entry : refused) finish(entry);
}

void Log::try_again() {
  if (Result<void> started = writer_.start_over(); !started.ok()) {
    if (writer_.has_failed_sync()) {
      is_stalled_ = false;
      return fail(started.error());
    }
    retry_at_ = std::chrono::steady_clock::now() + retry_after_;
    return;
  }
  synced_lsn_ = written_lsn_;  // start_over() has seen to it
  is_stalled_ = false;
  queue_.lock()->stall.clear();
  log_stalled.set(0);
  log::info("store", "the store takes writes again");
}

// Tasks are run, since what is applied stays as it is; nothing is written before it is time to try.
bool Log::take_while_stalled(Guarded<Queue>::Lock& queue, std::vector<Entry>& group) {
  auto is_task = [](const Entry& entry) { return bool(entry.task); };
  auto find_task = [&] {
    return std::find_if(queue->entries.begin(), queue->entries.end(), is_task);
  };
  auto wait = std::max(retry_at_ - std::chrono::steady_clock::now(),
                       std::chrono::steady_clock::duration(0));
  queue.wait_for(changed_, wait,
                 [&] { return queue->stopping || find_task() != queue->entries.end(); });
  auto task = find_task();
  if (task != queue->entries.end()) {
    group.push_back(std::move(*task));
    queue->entries.erase(task);
    return true;
  }
  return !queue->stopping;
}

bool Log::take_group(std::vector<Entry>& group) {
  auto queue = queue_.lock();
  if (is_stalled_ && queue->failure.empty()) return take_while_stalled(queue, group);
  auto ready = [&] { return queue->stopping || !queue->entries.empty(); };
  bool sync_waits = synced_lsn_ < written_lsn_ && queue->failure.empty();
  if (durability_.mode == Durability::Mode::interval && sync_waits) {
    auto due = last_sync_ + std::chrono::milliseconds(durability_.interval_ms);
    auto wait =
        std::max(due - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration(0));
    if (!queue.wait_for(changed_, wait, ready)) return true;  // an empty group: time to sync
  } else {
    queue.wait(changed_, ready);
  }
  size_t bytes = 0;
  while (!queue->entries.empty() && bytes < kGroupBytesMax) {
    bytes += queue->entries.front().body.size();
    group.push_back(std::move(queue->entries.front()));
    queue->entries.pop_front();
    if (group.back().task) break;  // runs after everything before it is applied
  }
  queue->bytes -= bytes;
  return !group.empty();
}

// Numbers the records: one that cannot be written must not leave a gap.
Result<void> Log::write_group(std::vector<Entry>& group) {
  if (!failure().ok()) return {};  // each is told so when it is finished
  buffer_.clear();
  uint64_t lsn = written_lsn_;
  for (const Entry& entry : group) {
    if (entry.task) continue;
    append_record_header(buffer_, entry.body.size(), entry.body_crc, ++lsn, synced_lsn_,
                         static_cast<uint8_t>(entry.type));
    buffer_ += entry.body;
  }
  if (buffer_.empty()) return {};
  WEIR_CHECK(writer_.append(buffer_, lsn + 1));
  log_written_bytes_total.add(buffer_.size());
  for (Entry& entry : group) {
    if (!entry.task) entry.lsn = ++written_lsn_;
  }
  return {};
}

Result<void> Log::sync_if_due() {
  if (synced_lsn_ == written_lsn_) return {};
  if (durability_.mode == Durability::Mode::none) return {};
  if (durability_.mode == Durability::Mode::interval &&
      std::chrono::steady_clock::now() - last_sync_ <
          std::chrono::milliseconds(durability_.interval_ms)) {
    return {};
  }
  return sync();
}

Result<void> Log::sync() {
  auto start = std::chrono::steady_clock::now();
  WEIR_CHECK(writer_.sync());
  last_sync_ = std::chrono::steady_clock::now();
  log_sync_seconds.observe(std::chrono::duration<double>(last_sync_ - start).count());
  synced_lsn_ = written_lsn_;
  return {};
}

// For ever: this process does not sync again what a sync may have lost.
void Log::fail(const Error& error) {
  auto queue = queue_.lock();
  if (!queue->failure.empty()) return;
  queue->failure = "the store refuses writes until it is reopened: " + error.message;
  log_failed.set(1);
  log::error("store", "{}", queue->failure);
}

}  // namespace weir::store
