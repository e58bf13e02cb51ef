// What threads share: Guarded<T>, a value that can only be reached with its lock held.
//
//   Guarded<std::vector<Session>> sessions_;
//   auto sessions = sessions_.lock();   // released at the end of the scope
//   sessions->push_back(...);
//
// What is not guarded is either owned by one thread or an immutable snapshot behind
// std::shared_ptr<const T>.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace weir {

template <class T>
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
    Lock(std::mutex& mutex, T& value) : lock_(mutex), value_(&value) {}
    std::unique_lock<std::mutex> lock_;
    T* value_;
  };

  Lock lock() const { return Lock(mutex_, value_); }

 private:
  mutable std::mutex mutex_;
  mutable T value_;
};

}  // namespace weir
