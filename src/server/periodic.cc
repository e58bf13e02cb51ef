#include "server/periodic.h"

#include <atomic>

namespace weir::server {

// Shared with the timer and the worker's task, which may still run when the owner is gone.
struct Periodic::State : std::enable_shared_from_this<State> {
  State(net::IoThread& the_thread, Workers& the_workers, int64_t the_interval_ms,
        std::function<void()> the_task)
      : timer_thread(the_thread),
        workers(the_workers),
        interval_ms(the_interval_ms),
        task(std::move(the_task)) {}

  void wait() {
    timer_thread.after_ms(interval_ms, [self = shared_from_this()] { self->turn(); });
  }
  void turn() {
    if (stopped) return;
    (void)workers.try_submit([self = shared_from_this()] {
      if (!self->stopped) self->task();
    });
    wait();
  }

  net::IoThread& timer_thread;
  Workers& workers;
  const int64_t interval_ms;
  const std::function<void()> task;
  std::atomic<bool> stopped = false;
};

Periodic::Periodic(net::IoThread& timer_thread, Workers& workers, int64_t interval_ms,
                   std::function<void()> task)
    : state_(std::make_shared<State>(timer_thread, workers, interval_ms, std::move(task))) {
  timer_thread.post([state = state_] { state->wait(); });
}

Periodic::~Periodic() { state_->stopped = true; }

}  // namespace weir::server
