#include "net/loop_thread.h"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/busy_share.h"
#include "net/mailbox.h"
#include "net/system_reason.h"
#include "net/timers.h"

namespace weir::net {
namespace {

// Events and tasks handled before what they caused is flushed. Beyond a few hundred, waiting
// answers grow old while batches gain nothing.
constexpr int kBatchEventsMax = 256;
// Flushing may cause work that wants flushing again; after so many rounds new events get a turn.
constexpr int kFlushRoundsMax = 8;

constexpr uint8_t kRead = 1, kWrite = 2;
// Marks among events, instead of a place: the mailbox's, and that of a kept loop with its index.
constexpr uint64_t kBell = UINT64_MAX;
constexpr uint32_t kKept = UINT32_MAX - 1;

// A keeper that is busy for more than this much of a short window gives a loop back its thread; a
// loop rests when it and its keeper would be busy for less than that much of a long one. Far enough
// apart not to swing; one thread has room to the end of the next short window.
constexpr double kBusyShareMax = 0.6, kLightShareMax = 0.3;
constexpr auto kShortWindow = std::chrono::milliseconds(10);
constexpr auto kLongWindow = std::chrono::seconds(1);
// How often a resting thread looks whether its keeper is stuck in a task.
constexpr auto kStuckWindow = std::chrono::milliseconds(250);

metrics::Gauge loops_resting{
    "weir_net_loops_resting",
    "Event loops whose work the first one's thread does, while that is little"};

// The loop that this thread holds, and whether it is another thread's.
thread_local const LoopThread* held_loop = nullptr;
thread_local bool is_helping = false;

uint32_t epoll_events(uint8_t wanted) {
  return ((wanted & kRead) != 0 ? uint32_t(EPOLLIN) : 0u) |
         ((wanted & kWrite) != 0 ? uint32_t(EPOLLOUT) : 0u);
}

}  // namespace

struct LoopThread::State {
  // A watched descriptor. Events name it by place and generation, so that one which was closed
  // meanwhile, or whose place has a new owner, is told apart.
  struct Slot {
    std::shared_ptr<LoopClient> keeper;  // while anything is wanted
    LoopClient* client = nullptr;        // null: free
    int fd = -1;
    uint32_t generation = 0;
    uint8_t wanted = 0;
    uint8_t armed = 0;        // what the kernel tells
    bool registered = false;  // with the kernel
  };

  // A loop whose work this one's thread does.
  struct Kept {
    State* loop = nullptr;
    bool is_due = false;                               // it has something to do
    Timers::Clock::time_point until = Timers::kNever;  // its earliest timer
  };

  State(LoopThread& loop, size_t loop_index, State* loop_keeper);
  ~State() { ::close(epoll_fd); }

  void run();
  void turn(int count, Timers::Clock::time_point began);
  int wait_for_events(std::unique_lock<std::mutex>& holding, Timers::Clock::time_point& now);
  int milliseconds_to_wait(Timers::Clock::time_point now) const;
  void note_wait(Timers::Clock::time_point now);
  void note_work(Timers::Clock::time_point now);
  void rest(std::unique_lock<std::mutex>& holding);
  bool keeper_is_stuck(uint64_t& turns_seen) const;
  void end_rest();
  void keep(State& one);
  void serve_kept(Timers::Clock::time_point now);
  void serve(Kept& one, Timers::Clock::time_point now);
  void note_due(uint64_t kept_index);
  void handle(const epoll_event& event);
  void drain_mailbox();
  void finish_batch();
  bool has_more_to_do() const { return !batch_tasks.empty() || !unflushed.empty(); }
  bool help(std::function<void()>& task);
  void arm(Slot& slot, uint32_t place);
  void want(uint32_t place, uint8_t what, std::shared_ptr<LoopClient> client);
  uint32_t add(int fd, LoopClient& client);
  void remove(uint32_t place);
  void drop_open_clients();

  LoopThread& self;
  const size_t index;
  const int epoll_fd;
  std::unique_ptr<char[]> read_buffer;
  const std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>();
  std::atomic<bool> stopping = false;
  std::atomic<bool> joined = false;

  // Who holds it does the loop's work and owns what follows.
  std::mutex holder;
  std::atomic<bool> own_thread_waits = false;  // for `holder`
  Timers timers;
  Timers::Clock::time_point sleeps_until = Timers::kNever;
  std::vector<std::function<void()>> batch_tasks, running_batch_tasks, running_tasks;
  std::vector<std::shared_ptr<LoopClient>> unflushed, flushing;
  std::vector<Slot> slots;
  std::vector<uint32_t> free_slots;
  epoll_event events[kBatchEventsMax];  // of whose thread waits: the own one's, or the keeper's

  // While there is little to do, one thread does the work of all loops of a group: waking a second
  // costs more than it helps. The keeper's thread waits for the resting loop's events beside its
  // own, and the loop's thread sleeps.
  State* const keeper;  // null: a loop that never rests
  BusyShare short_share{kShortWindow}, long_share{kLongWindow};
  std::atomic<double> recent_share = 0;  // of the last long window
  std::atomic<uint64_t> turns = 0;
  bool is_light = keeper != nullptr;  // little to do: it may rest
  std::vector<Kept> kept;             // the own thread's alone
  std::mutex rest_mutex;
  std::condition_variable rest_ends;
  std::atomic<bool> is_resting = false;  // changed under rest_mutex

  std::thread thread;
};

LoopThread::State::State(LoopThread& loop, size_t loop_index, State* loop_keeper)
    : self(loop),
      index(loop_index),
      epoll_fd(::epoll_create1(EPOLL_CLOEXEC)),
      read_buffer(new char[kReadBufferBytes]),
      keeper(loop_keeper) {
  WEIR_ASSERT(epoll_fd >= 0, "a process can open the descriptors of its own threads");
  epoll_event bell{};
  bell.events = EPOLLIN | EPOLLET;
  bell.data.u64 = kBell;
  const int added = ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, mailbox->bell_fd(), &bell);
  WEIR_ASSERT(added == 0, "the kernel watches an event descriptor");
}

LoopThread::LoopThread(size_t index, LoopThread* its_keeper)
    : state_(
          std::make_unique<State>(*this, index, its_keeper ? its_keeper->state_.get() : nullptr)) {
  state_->thread = std::thread([this] {
    held_loop = this;
    state_->run();
    held_loop = nullptr;
  });
}

LoopThread::~LoopThread() {
  request_stop();
  join();
  state_->mailbox->close();
}

void LoopThread::State::run() {
  std::unique_lock holding(holder);
  short_share.begin(Timers::Clock::now());
  long_share.begin(Timers::Clock::now());
  while (!stopping.load(std::memory_order_acquire)) {
    if (is_light && !has_more_to_do() && mailbox->go_to_sleep()) {
      rest(holding);
    } else {
      auto now = Timers::Clock::now();
      const int count = wait_for_events(holding, now);
      turn(count, now);
    }
  }
}

// What falls due meanwhile is for the next turn: the clock is read once a turn, and once a wait.
void LoopThread::State::turn(int count, Timers::Clock::time_point began) {
  for (int i = 0; i < count; ++i) handle(events[i]);
  if (!kept.empty()) serve_kept(began);
  drain_mailbox();
  timers.run_due(began);
  finish_batch();
  turns.store(turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// The count of events, and when it came back with them. The loop is let go while it sleeps, for
// others to help.
int LoopThread::State::wait_for_events(std::unique_lock<std::mutex>& holding,
                                       Timers::Clock::time_point& now) {
  note_work(now);
  const int timeout_ms = has_more_to_do() ? 0 : milliseconds_to_wait(now);
  if (timeout_ms == 0 || !mailbox->go_to_sleep())
    return ::epoll_wait(epoll_fd, events, kBatchEventsMax, 0);
  sleeps_until = timers.earliest();
  holding.unlock();
  const int count = ::epoll_wait(epoll_fd, events, kBatchEventsMax, timeout_ms);
  if (!holding.try_lock()) {
    own_thread_waits.store(true, std::memory_order_relaxed);
    holding.lock();
    own_thread_waits.store(false, std::memory_order_relaxed);
  }
  mailbox->wake_up();
  now = Timers::Clock::now();
  note_wait(now);
  return count;
}

// Rounded up: a timer never runs early.
int LoopThread::State::milliseconds_to_wait(Timers::Clock::time_point now) const {
  auto earliest = timers.earliest();
  for (const Kept& one : kept) {
    if (one.is_due) return 0;
    earliest = std::min(earliest, one.until);
  }
  if (earliest == Timers::kNever) return -1;
  const auto left = earliest - now;
  if (left.count() <= 0) return 0;
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::min<int64_t>(ms, 3'600'000));
}

void LoopThread::State::note_wait(Timers::Clock::time_point now) {
  short_share.waited(now);
  long_share.waited(now);
}

void LoopThread::State::note_work(Timers::Clock::time_point now) {
  if (const auto share = short_share.worked(now); share && !kept.empty()) {
    if (*share > kBusyShareMax) kept.back().loop->end_rest();
  }
  if (const auto share = long_share.worked(now)) {
    recent_share.store(*share, std::memory_order_relaxed);
    is_light = keeper != nullptr &&
               *share + keeper->recent_share.load(std::memory_order_relaxed) < kLightShareMax;
  }
}

// Leaves the loop to its keeper's thread until that is busy, or stuck.
void LoopThread::State::rest(std::unique_lock<std::mutex>& holding) {
  is_light = false;
  {
    std::lock_guard lock(rest_mutex);
    is_resting.store(true);
  }
  loops_resting.add(1);
  holding.unlock();
  keeper->mailbox->post([this, by = keeper] { by->keep(*this); });
  {
    std::unique_lock lock(rest_mutex);
    uint64_t turns_seen = keeper->turns.load(std::memory_order_relaxed);
    const auto is_over = [this] { return !is_resting || stopping; };
    while (!rest_ends.wait_for(lock, kStuckWindow, is_over)) {
      if (keeper_is_stuck(turns_seen)) is_resting.store(false);
    }
    is_resting.store(false);
  }
  loops_resting.add(-1);
  holding.lock();
  const auto now = Timers::Clock::now();
  short_share.begin(now);
  long_share.begin(now);
}

// It has not come round since the last look, and there is something to do here.
bool LoopThread::State::keeper_is_stuck(uint64_t& turns_seen) const {
  const uint64_t before = std::exchange(turns_seen, keeper->turns.load(std::memory_order_relaxed));
  pollfd waiting{epoll_fd, POLLIN, 0};
  return turns_seen == before && ::poll(&waiting, 1, 0) > 0;
}

void LoopThread::State::end_rest() {
  std::lock_guard lock(rest_mutex);
  is_resting.store(false);
  rest_ends.notify_one();
}

void LoopThread::State::keep(State& one) {
  epoll_event work{};
  work.events = EPOLLIN;
  work.data.u64 = uint64_t(one.index) << 32 | kKept;
  const bool is_watched = std::any_of(kept.begin(), kept.end(),
                                      [&](const Kept& before) { return before.loop == &one; });
  if (!is_watched && ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, one.epoll_fd, &work) != 0) {
    log::error("net", "cannot watch a loop: {}", system_reason(errno));
    return one.end_rest();
  }
  if (!is_watched) kept.push_back({&one});
  note_due(one.index);  // what came in between
}

void LoopThread::State::note_due(uint64_t kept_index) {
  for (Kept& one : kept) {
    if (one.loop->index == kept_index) one.is_due = true;
  }
}

void LoopThread::State::serve_kept(Timers::Clock::time_point now) {
  for (Kept& one : kept) {
    if (one.is_due || one.until <= now) serve(one, now);
  }
  std::erase_if(kept, [this](const Kept& one) {
    if (one.loop->is_resting) return false;
    ::epoll_ctl(epoll_fd, EPOLL_CTL_DEL, one.loop->epoll_fd, nullptr);
    return true;
  });
}

// A turn in its thread's stead. Whoever else holds it has soon done with it: it stays due.
void LoopThread::State::serve(Kept& one, Timers::Clock::time_point now) {
  State& loop = *one.loop;
  one.is_due = true;
  std::unique_lock holding(loop.holder, std::try_to_lock);
  if (!holding.owns_lock() || !loop.is_resting) return;
  is_helping = true;
  const LoopThread* own = std::exchange(held_loop, &loop.self);
  loop.mailbox->wake_up();
  loop.turn(::epoll_wait(loop.epoll_fd, loop.events, kBatchEventsMax, 0), now);
  one.is_due = loop.has_more_to_do() || !loop.mailbox->go_to_sleep();
  one.until = loop.sleeps_until = loop.timers.earliest();
  held_loop = own;
  is_helping = false;
}

void LoopThread::State::handle(const epoll_event& event) {
  if (event.data.u64 == kBell) return;
  const auto place = static_cast<uint32_t>(event.data.u64);
  if (place == kKept) return note_due(event.data.u64 >> 32);
  const auto generation = static_cast<uint32_t>(event.data.u64 >> 32);
  auto is_same = [&] {
    return slots[place].client != nullptr && slots[place].generation == generation;
  };
  if (!is_same()) return;
  Slot& slot = slots[place];
  uint8_t ready = 0;
  if ((event.events & ~uint32_t(EPOLLOUT)) != 0) ready |= kRead;
  if ((event.events & ~uint32_t(EPOLLIN)) != 0) ready |= kWrite;
  const uint8_t due = ready & slot.wanted;
  if (due == 0) return arm(slot, place);  // nobody waits any more: the kernel is told so now
  slot.wanted &= static_cast<uint8_t>(~due);
  const std::shared_ptr<LoopClient> client =
      slot.wanted == 0 ? std::move(slot.keeper) : slot.keeper;
  if ((due & kRead) != 0) client->on_readable();
  if ((due & kWrite) != 0 && is_same()) client->on_writable();
}

// Makes the kernel tell what is wanted. One that is watched and wants nothing is taken off: errors
// would be told again and again.
void LoopThread::State::arm(Slot& slot, uint32_t place) {
  if (slot.wanted == 0 && !slot.registered) return;
  epoll_event event{};
  event.events = epoll_events(slot.wanted);
  event.data.u64 = uint64_t(slot.generation) << 32 | place;
  const int how = slot.wanted == 0  ? EPOLL_CTL_DEL
                  : slot.registered ? EPOLL_CTL_MOD
                                    : EPOLL_CTL_ADD;
  if (::epoll_ctl(epoll_fd, how, slot.fd, &event) != 0)
    log::error("net", "cannot watch a descriptor: {}", system_reason(errno));
  slot.armed = slot.wanted;
  slot.registered = slot.wanted != 0;
}

void LoopThread::State::want(uint32_t place, uint8_t what, std::shared_ptr<LoopClient> client) {
  Slot& slot = slots[place];
  slot.wanted |= what;
  slot.keeper = std::move(client);
  if ((slot.wanted & ~slot.armed) != 0) arm(slot, place);
}

uint32_t LoopThread::State::add(int fd, LoopClient& client) {
  if (free_slots.empty()) {
    free_slots.push_back(static_cast<uint32_t>(slots.size()));
    slots.emplace_back();
  }
  const uint32_t place = free_slots.back();
  free_slots.pop_back();
  slots[place].fd = fd;
  slots[place].client = &client;
  return place;
}

void LoopThread::State::remove(uint32_t place) {
  Slot& slot = slots[place];
  if (slot.registered) ::epoll_ctl(epoll_fd, EPOLL_CTL_DEL, slot.fd, nullptr);
  const std::shared_ptr<LoopClient> owner = std::move(slot.keeper);  // may be the last reference
  const uint32_t generation = slot.generation + 1;
  slot = Slot{};
  slot.generation = generation;
  free_slots.push_back(place);
}

// Also what tasks post to their own loop is part of the batch at hand, within bounds.
void LoopThread::State::drain_mailbox() {
  for (size_t run = 0; run < size_t(kBatchEventsMax);) {
    mailbox->take(running_tasks);
    if (running_tasks.empty()) return;
    run += running_tasks.size();
    for (auto& task : running_tasks) {
      task();
      task = nullptr;
    }
    running_tasks.clear();
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

// Does `task` in the sleeping loop's stead, if nobody else is about to. What was posted before goes
// first.
bool LoopThread::State::help(std::function<void()>& task) {
  if (own_thread_waits.load(std::memory_order_relaxed)) return false;
  std::unique_lock holding(holder, std::try_to_lock);
  if (!holding.owns_lock() || stopping.load(std::memory_order_acquire)) return false;
  is_helping = true;
  const LoopThread* own = std::exchange(held_loop, &self);
  drain_mailbox();
  task();
  drain_mailbox();
  finish_batch();
  held_loop = own;
  is_helping = false;
  const bool must_wake = has_more_to_do() || timers.earliest() < sleeps_until;
  holding.unlock();
  if (must_wake) mailbox->ring();
  return true;
}

void LoopThread::State::drop_open_clients() {
  for (size_t place = 0; place < slots.size(); ++place) {
    if (slots[place].client != nullptr) slots[place].client->drop();
  }
  batch_tasks.clear();
  unflushed.clear();
  timers.clear();
}

void LoopThread::post(std::function<void()> task) { state_->mailbox->post(std::move(task)); }

// A thread that does another's work does not go on to a third's: that could go round.
void LoopThread::hand_over(std::function<void()> task) {
  const bool may_help = held_loop != nullptr && held_loop != this && !is_helping;
  if (!may_help || !state_->help(task)) post(std::move(task));
}

IoThread::TimerId LoopThread::after_ms(int64_t delay_ms, std::function<void()> task) {
  WEIR_ASSERT(is_this_thread(), "a timer is set on its own loop");
  return state_->timers.add(Timers::Clock::now() + std::chrono::milliseconds(delay_ms),
                            std::move(task));
}

void LoopThread::cancel(TimerId timer) {
  WEIR_ASSERT(is_this_thread(), "a timer is cancelled on its own loop");
  state_->timers.cancel(timer);
}

void LoopThread::at_end_of_batch(std::function<void()> task) {
  WEIR_ASSERT(is_this_thread(), "a batch belongs to its own loop");
  state_->batch_tasks.push_back(std::move(task));
}

// A stopped loop belongs to whoever stopped it, so that owners can be torn down after it.
bool LoopThread::is_this_thread() const {
  return held_loop == this || state_->joined.load(std::memory_order_acquire);
}

size_t LoopThread::index() const { return state_->index; }

std::shared_ptr<Mailbox> LoopThread::mailbox() { return state_->mailbox; }

char* LoopThread::read_buffer() { return state_->read_buffer.get(); }

void LoopThread::flush_later(std::shared_ptr<LoopClient> client) {
  state_->unflushed.push_back(std::move(client));
}

void LoopThread::request_stop() {
  state_->stopping.store(true, std::memory_order_release);
  state_->mailbox->ring();
  std::lock_guard lock(state_->rest_mutex);
  state_->rest_ends.notify_one();
}

void LoopThread::join() {
  if (!state_->thread.joinable()) return;
  WEIR_ASSERT(held_loop != this, "a loop cannot wait for its own end");
  state_->thread.join();
  { std::lock_guard no_helper_is_left(state_->holder); }
  state_->joined.store(true, std::memory_order_release);
  state_->drop_open_clients();
}

FdWatch::FdWatch(LoopThread& loop, int fd, LoopClient& client)
    : loop_(loop), fd_(fd), slot_(loop.state_->add(fd, client)) {}

FdWatch::~FdWatch() { close(); }

void FdWatch::wait_readable(std::shared_ptr<LoopClient> client) {
  loop_.state_->want(slot_, kRead, std::move(client));
}

void FdWatch::wait_writable(std::shared_ptr<LoopClient> client) {
  loop_.state_->want(slot_, kWrite, std::move(client));
}

int FdWatch::release() {
  const int fd = std::exchange(fd_, -1);
  loop_.state_->remove(slot_);
  return fd;
}

void FdWatch::close() {
  if (fd_ >= 0) ::close(release());
}

}  // namespace weir::net
