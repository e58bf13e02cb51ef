// The io threads: one event loop each; a connection is born and dies on one of them. While there is
// little to do, the first one's thread does the work of all loops.
//
// Nothing that blocks runs here. What an io thread owns (connections, sessions, timers) needs no
// lock; other threads reach it by post(). Asio is included by net/ alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weir::net {

class IoThread {
 public:
  virtual ~IoThread() = default;
  // Runs `task` on this loop, soon. Any thread. Tasks posted by one thread keep their order.
  virtual void post(std::function<void()> task) = 0;
  // As post(), for a task that is small: a loop that sleeps need not be woken for it, the calling
  // thread may do it in its place, at once. To be called where nothing of the caller's is in use.
  virtual void hand_over(std::function<void()> task) { post(std::move(task)); }
  // Runs `task` on this loop after `delay_ms`; the id cancels it. From this loop only.
  using TimerId = uint64_t;
  virtual TimerId after_ms(int64_t delay_ms, std::function<void()> task) = 0;
  virtual void cancel(TimerId timer) = 0;
  // Runs `task` when the events at hand are handled, before the loop waits again: the place where
  // what a batch of reads caused is flushed. From this loop only.
  virtual void at_end_of_batch(std::function<void()> task) = 0;
  virtual bool is_this_thread() const = 0;
  virtual size_t index() const = 0;
};

class IoThreads {
 public:
  explicit IoThreads(size_t count);
  ~IoThreads();
  size_t count() const;
  IoThread& at(size_t index);
  IoThread& next();  // round robin
  // Stops the loops and joins; connections still open are dropped without a word.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::net
