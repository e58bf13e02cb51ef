// What threads share: Guarded<T>, a value that can only be reached with its lock held.
//
//   Guarded<std::vector<Session>> sessions_;
//   auto sessions = sessions_.lock();   // released at the end of the scope
//   sessions->push_back(...);
//
// What is not guarded is either owned by one thread or an immutable snapshot behind
// std::shared_ptr<const T>.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace weir {

// A lock of four bytes, for things there are many of and that are locked briefly and seldom: it has
// no queue, and who waits for long burns no processor either.
class SmallMutex {
 public:
  void lock() {
    while (state_.exchange(kHeld, std::memory_order_acquire) == kHeld) {
      state_.wait(kHeld, std::memory_order_relaxed);
    }
  }
  void unlock() {
    state_.store(kFree, std::memory_order_release);
    state_.notify_one();
  }

 private:
  static constexpr int kFree = 0, kHeld = 1;
  std::atomic<int> state_ = kFree;
};

// With a SmallMutex there is nothing to wait for but the lock.
template <class T, class Mutex = std::mutex>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  class Lock {
   public:
    T& operator*() { return *value_; }
    T* operator->() { return value_; }
    // Waits, with the lock released meanwhile, until ready() holds.
    template <class Ready>
    void wait(std::condition_variable& changed, Ready ready) {
      changed.wait(lock_, ready);
    }
    template <class Duration, class Ready>
    bool wait_for(std::condition_variable& changed, Duration most, Ready ready) {
      return changed.wait_for(lock_, most, ready);
    }
    void unlock() { lock_.unlock(); }

   private:
    friend class Guarded;
    Lock(Mutex& mutex, T& value) : lock_(mutex), value_(&value) {}
    std::unique_lock<Mutex> lock_;
    T* value_;
  };

  Lock lock() const { return Lock(mutex_, value_); }

 private:
  mutable Mutex mutex_;
  mutable T value_;
};

}  // namespace weir
