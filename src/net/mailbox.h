// Mailbox: tasks for an event loop, from any thread, and the bell that wakes it.
//
// Internal to net/. The bell rings only for a loop that sleeps, and once for all that is posted
// until it wakes: a busy loop looks into its mailbox by itself after each batch of events.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <vector>

namespace weir::net {

class Mailbox {
 public:
  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void post(std::function<void()> task);  // any thread
  void ring();                            // any thread: wakes the loop, tasks or none
  int bell_fd() const { return bell_fd_; }

  // The loop's: takes all there is; the order of each poster is kept.
  void take(std::vector<std::function<void()>>& tasks);
  // Before it sleeps; false if there is something to do instead.
  bool go_to_sleep();
  void wake_up() { asleep_.store(false); }
  // No task will be taken any more: what is there is dropped, and what comes later too.
  void close();

 private:
  const int bell_fd_;
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;  // guarded by mutex_
  bool closed_ = false;                       // guarded by mutex_
  std::atomic<bool> has_tasks_ = false;       // written under mutex_; spares a look inside
  std::atomic<bool> asleep_ = false;
};

}  // namespace weir::net
