#if defined(__SANITIZE_THREAD__)
// Asio's fences order reference counts only; ThreadSanitizer does without them.
#pragma GCC diagnostic ignored "-Wtsan"
#endif
#include "net/io_threads.h"

#include <unistd.h>

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "net/loop_thread.h"

namespace weir::net {
namespace {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using SteadyClock = std::chrono::steady_clock;
using SteadyTimer =
    asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;

// Events handled before what they caused is flushed. Asio takes up to 128 descriptors from the
// kernel at once; beyond a few hundred, waiting answers grow old while batches gain nothing.
constexpr size_t kBatchEventsMax = 256;
// Flushing may cause work that wants flushing again; after so many rounds new events get a turn.
constexpr int kFlushRoundsMax = 8;

thread_local const LoopThread* current_loop = nullptr;

}  // namespace

struct LoopThread::State {
  explicit State(size_t loop_index) : index(loop_index), read_buffer(new char[kReadBufferBytes]) {}

  void run();
  void finish_batch();
  void arm_timer();
  void run_due_timers();
  void drop_open_clients();

  const size_t index;
  std::unique_ptr<char[]> read_buffer;
  std::atomic<bool> stopping = false;
  std::atomic<bool> joined = false;

  // Owned by the loop's thread.
  using TimerKey = std::pair<SteadyClock::time_point, TimerId>;
  std::map<TimerKey, std::function<void()>> timers;
  std::unordered_map<TimerId, SteadyClock::time_point> timer_deadlines;
  TimerId last_timer = 0;
  SteadyClock::time_point armed_for = SteadyClock::time_point::max();
  std::vector<std::function<void()>> batch_tasks, running_batch_tasks;
  std::vector<std::shared_ptr<LoopClient>> unflushed, flushing;
  std::unordered_set<LoopClient*> open_clients;

  // Last, so that it goes first: what its handlers own may still use the members above.
  asio::io_context context{1};
  asio::executor_work_guard<Executor> work{context.get_executor()};
  SteadyTimer timer{context};
  std::thread thread;
};

LoopThread::LoopThread(size_t index) : state_(std::make_unique<State>(index)) {
  state_->thread = std::thread([this] {
    current_loop = this;
    state_->run();
    current_loop = nullptr;
  });
}

LoopThread::~LoopThread() {
  request_stop();
  join();
}

void LoopThread::State::run() {
  while (!stopping.load(std::memory_order_acquire)) {
    const bool more_to_flush = !batch_tasks.empty() || !unflushed.empty();
    size_t handled = more_to_flush ? 0 : context.run_one();
    while (handled < kBatchEventsMax && context.poll_one() != 0) ++handled;
    finish_batch();
  }
}

void LoopThread::State::finish_batch() {
  for (int round = 0; round < kFlushRoundsMax; ++round) {
    while (!batch_tasks.empty()) {
      running_batch_tasks.swap(batch_tasks);
      for (auto& task : running_batch_tasks) task();
      running_batch_tasks.clear();
    }
    if (unflushed.empty()) return;
    flushing.swap(unflushed);
    for (auto& client : flushing) client->flush();
    flushing.clear();
  }
}

void LoopThread::State::arm_timer() {
  if (timers.empty()) return;
  const auto earliest = timers.begin()->first.first;
  if (earliest >= armed_for) return;
  armed_for = earliest;
  timer.expires_at(earliest);
  timer.async_wait([this](const boost::system::error_code& error) {
    if (!error) run_due_timers();  // an error means armed again, for an earlier time
  });
}

void LoopThread::State::run_due_timers() {
  armed_for = SteadyClock::time_point::max();
  const auto now = SteadyClock::now();
  while (!timers.empty() && timers.begin()->first.first <= now) {
    auto due = timers.extract(timers.begin());
    timer_deadlines.erase(due.key().second);
    due.mapped()();
  }
  arm_timer();
}

void LoopThread::State::drop_open_clients() {
  const std::vector<LoopClient*> clients(open_clients.begin(), open_clients.end());
  for (LoopClient* client : clients)
    if (open_clients.contains(client)) client->drop();
  batch_tasks.clear();
  unflushed.clear();
  timers.clear();
}

void LoopThread::post(std::function<void()> task) {
  asio::post(state_->context.get_executor(), std::move(task));
}

IoThread::TimerId LoopThread::after_ms(int64_t delay_ms, std::function<void()> task) {
  WEIR_ASSERT(is_this_thread(), "a timer is set on its own loop");
  const auto deadline = SteadyClock::now() + std::chrono::milliseconds(delay_ms);
  const TimerId id = ++state_->last_timer;
  state_->timers.emplace(State::TimerKey(deadline, id), std::move(task));
  state_->timer_deadlines.emplace(id, deadline);
  state_->arm_timer();
  return id;
}

void LoopThread::cancel(TimerId timer) {
  WEIR_ASSERT(is_this_thread(), "a timer is cancelled on its own loop");
  auto found = state_->timer_deadlines.find(timer);
  if (found == state_->timer_deadlines.end()) return;
  state_->timers.erase({found->second, timer});
  state_->timer_deadlines.erase(found);
}

void LoopThread::at_end_of_batch(std::function<void()> task) {
  WEIR_ASSERT(is_this_thread(), "a batch belongs to its own loop");
  state_->batch_tasks.push_back(std::move(task));
}

// A stopped loop belongs to whoever stopped it, so that owners can be torn down after it.
bool LoopThread::is_this_thread() const {
  return current_loop == this || state_->joined.load(std::memory_order_acquire);
}

size_t LoopThread::index() const { return state_->index; }

boost::asio::io_context& LoopThread::context() { return state_->context; }

char* LoopThread::read_buffer() { return state_->read_buffer.get(); }

void LoopThread::flush_later(std::shared_ptr<LoopClient> client) {
  state_->unflushed.push_back(std::move(client));
}

void LoopThread::request_stop() {
  state_->stopping.store(true, std::memory_order_release);
  state_->context.stop();
}

void LoopThread::join() {
  if (!state_->thread.joinable()) return;
  WEIR_ASSERT(current_loop != this, "a loop cannot wait for its own end");
  state_->thread.join();
  state_->joined.store(true, std::memory_order_release);
  state_->drop_open_clients();
}

struct FdWatch::Descriptor {
  explicit Descriptor(asio::io_context& context) : asio_descriptor(context.get_executor()) {}
  asio::posix::basic_stream_descriptor<Executor> asio_descriptor;
};

FdWatch::FdWatch(LoopThread& loop, int fd, LoopClient& client)
    : loop_(loop), client_(client), fd_(fd) {
  descriptor_ = std::make_unique<Descriptor>(loop.context());
  boost::system::error_code error;
  descriptor_->asio_descriptor.assign(fd, error);
  if (error) {
    log::error("net", "cannot watch a descriptor: {}", error.message());
    ::close(std::exchange(fd_, -1));
    return;
  }
  loop_.state_->open_clients.insert(&client_);
}

FdWatch::~FdWatch() { close(); }

void FdWatch::wait_readable(std::shared_ptr<LoopClient> client) {
  auto& descriptor = descriptor_->asio_descriptor;
  descriptor.async_wait(descriptor.wait_read,
                        [client = std::move(client)](const boost::system::error_code& error) {
                          if (!error) client->on_readable();
                        });
}

void FdWatch::wait_writable(std::shared_ptr<LoopClient> client) {
  auto& descriptor = descriptor_->asio_descriptor;
  descriptor.async_wait(descriptor.wait_write,
                        [client = std::move(client)](const boost::system::error_code& error) {
                          if (!error) client->on_writable();
                        });
}

void FdWatch::close() {
  if (fd_ < 0) return;
  fd_ = -1;
  loop_.state_->open_clients.erase(&client_);
  boost::system::error_code ignored;
  descriptor_->asio_descriptor.close(ignored);
  descriptor_.reset();
}

int FdWatch::release() {
  loop_.state_->open_clients.erase(&client_);
  const int fd = descriptor_->asio_descriptor.release();
  descriptor_.reset();
  fd_ = -1;
  return fd;
}

struct IoThreads::State {
  std::vector<std::unique_ptr<LoopThread>> loops;
  std::atomic<size_t> next = 0;
};

IoThreads::IoThreads(size_t count) : state_(std::make_unique<State>()) {
  WEIR_ASSERT(count > 0, "there is at least one io thread");
  for (size_t i = 0; i < count; ++i) state_->loops.push_back(std::make_unique<LoopThread>(i));
}

IoThreads::~IoThreads() { stop(); }

size_t IoThreads::count() const { return state_->loops.size(); }

IoThread& IoThreads::at(size_t index) { return *state_->loops.at(index); }

IoThread& IoThreads::next() {
  return *state_->loops[state_->next.fetch_add(1, std::memory_order_relaxed) % count()];
}

void IoThreads::stop() {
  for (auto& loop : state_->loops) loop->request_stop();
  for (auto& loop : state_->loops) loop->join();
}

}  // namespace weir::net
