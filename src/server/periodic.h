// Periodic: a task that runs now and then on a worker, for as long as its owner lives.
//
// The timer is an io thread's, so that no thread waits for it. A turn for which no worker is free
// is passed over: the next one does its work. Made and destroyed by RunningApp; the io thread and
// the workers outlive it, and the workers are stopped before it goes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/workers.h"
#include "net/io_threads.h"

namespace weir::server {

class Periodic {
 public:
  Periodic(net::IoThread& timer_thread, Workers& workers, int64_t interval_ms,
           std::function<void()> task);
  ~Periodic();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace weir::server
