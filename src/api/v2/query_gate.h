// QueryGate: how many queries run at once, and how many wait for that.
//
// Queries run on the workers, in the order they came, at most so many at once; the others wait
// here, so that neither all workers nor all memory are theirs. Any thread; it must live in a
// shared_ptr, as what runs holds it.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include "base/sync.h"
#include "base/workers.h"

namespace weir::api::v2 {

class QueryGate : public std::enable_shared_from_this<QueryGate> {
 public:
  enum class Entry { entered, queue_is_full, workers_are_busy };

  // `workers` outlive it, and stop before it goes.
  QueryGate(Workers& workers, size_t running_max, size_t waiting_max)
      : workers_(workers), running_max_(running_max), waiting_max_(waiting_max) {}
  // The task runs on a worker, now or later, if it has entered.
  Entry enter(std::function<void()> task);

 private:
  bool submit(std::function<void()> task);
  void leave();

  Workers& workers_;
  const size_t running_max_, waiting_max_;
  struct State {
    size_t running = 0;
    std::deque<std::function<void()>> waiting;
  };
  Guarded<State> state_;
};

}  // namespace weir::api::v2
