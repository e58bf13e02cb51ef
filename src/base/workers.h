// A pool of worker threads for blocking work: queries, sealing, password hashing.
//
// try_submit() refuses when the queue is full (the caller answers "busy"), so that load never
// becomes memory. Tasks run in order of submission, each on one thread, and may block.
// stop() finishes what is queued and joins; tasks must not outlive what they reference.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/sync.h"

namespace weir {

class Workers {
 public:
  Workers(std::string name, size_t threads, size_t queued_max);
  ~Workers();
  // False when `queued_max` tasks wait already or the pool is stopping. Any thread.
  [[nodiscard]] bool try_submit(std::function<void()> task);
  void stop();

 private:
  struct State {
    std::deque<std::function<void()>> queue;
    bool stopping = false;
  };
  void run();

  std::string name_;
  size_t queued_max_;
  Guarded<State> state_;
  std::condition_variable changed_;
  std::vector<std::thread> threads_;
};

}  // namespace weir
