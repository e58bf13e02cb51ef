#include "store/engine/log.h"

#include <pthread.h>

#include <future>

#include "base/crc32c.h"
#include "base/log.h"
#include "store/engine/metrics.h"

namespace weir::store {

Log::Log(WalWriter& writer, Durability durability, uint64_t next_lsn, Apply apply)
    : writer_(writer),
      durability_(durability),
      apply_(std::move(apply)),
      applied_lsn_(next_lsn - 1),
      written_lsn_(next_lsn - 1),
      synced_lsn_(next_lsn - 1),
      last_sync_(std::chrono::steady_clock::now()) {
  queue_.lock()->next_lsn = next_lsn;
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
      entry.lsn = queue->next_lsn++;
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
  // Only rows are refused for their number: a definition that is in memory must reach the log.
  if (type != RecordType::rows || queue.bytes <= kQueuedBytesMax) return {};
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
  return health();
}

Result<void> Log::health() const {
  auto queue = queue_.lock();
  if (!queue->failure.empty()) return Error{Errc::unavailable, queue->failure};
  return {};
}

void Log::run_thread() {
  pthread_setname_np(pthread_self(), "weir-log");
  std::vector<Entry> group;
  while (take_group(group)) {
    Result<void> written = write_group(group);
    if (written.ok()) written = sync_if_due();
    if (!written.ok()) fail(written.error());
    for (Entry& entry : group) {
      Result<void> result = health();
      if (result.ok() && entry.task) {
        result = entry.task();
        if (!result.ok()) fail(result.error());
      } else if (result.ok()) {
        apply_({entry.lsn, entry.type, entry.body});
        applied_lsn_.store(entry.lsn, std::memory_order_release);
      }
      if (entry.done) entry.done(std::move(result));
    }
    group.clear();
  }
  if (health().ok() && synced_lsn_ < written_lsn_) {
    if (Result<void> synced = sync(); !synced.ok()) fail(synced.error());
  }
}

bool Log::take_group(std::vector<Entry>& group) {
  auto queue = queue_.lock();
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

Result<void> Log::write_group(const std::vector<Entry>& group) {
  WEIR_CHECK(health());
  buffer_.clear();
  for (const Entry& entry : group) {
    if (entry.task) continue;
    append_record_header(buffer_, entry.body.size(), entry.body_crc, entry.lsn, synced_lsn_,
                         static_cast<uint8_t>(entry.type));
    buffer_ += entry.body;
    written_lsn_ = entry.lsn;
  }
  if (buffer_.empty()) return {};
  log_written_bytes_total.add(buffer_.size());
  return writer_.append(buffer_, written_lsn_ + 1);
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

void Log::fail(const Error& error) {
  auto queue = queue_.lock();
  if (!queue->failure.empty()) return;
  queue->failure = "the store refuses writes until it is reopened: " + error.message;
  log_failed.set(1);
  log::error("store", "{}", queue->failure);
}

}  // namespace weir::store
