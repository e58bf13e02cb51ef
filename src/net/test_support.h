// What the tests of net/ and http/ share: waiting for a condition, and running on a loop.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "net/io_threads.h"

namespace weir::net::testing {

inline constexpr int64_t kPatienceMs = 20'000;  // for a loaded machine under a sanitizer

// True once `holds` does; false when patience has run out.
inline bool eventually(const std::function<bool()>& holds) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::yield();
  }
  return true;
}

// Runs `task` on the loop and waits for its end.
inline void run_on(IoThread& thread, const std::function<void()>& task) {
  std::promise<void> done;
  thread.post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

// A value one thread sets and another waits for.
template <class T>
class Awaited {
 public:
  void set(T value) {
    std::lock_guard lock(mutex_);
    value_ = std::move(value);
    is_set_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(kPatienceMs), [&] { return is_set_; });
  }
  T& value() { return value_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_set_ = false;
  T value_{};
};

}  // namespace weir::net::testing
