#include "api/v2/query_gate.h"

#include "base/metrics.h"

namespace weir::api::v2 {
namespace {

metrics::Gauge queries_running{"weir_http_queries_running",
                               "Queries over HTTP that run, or have a worker promised"};
metrics::Gauge queries_waiting{"weir_http_queries_waiting",
                               "Queries over HTTP that wait for others to end"};
metrics::Counter queries_refused{"weir_http_queries_refused_total",
                                 "Queries over HTTP refused because too many waited"};

}  // namespace

QueryGate::Entry QueryGate::enter(std::function<void()> task) {
  {
    auto state = state_.lock();
    if (state->running >= running_max_) {
      if (state->waiting.size() >= waiting_max_) {
        queries_refused.add(1);
        return Entry::queue_is_full;
      }
      state->waiting.push_back(std::move(task));
      queries_waiting.add(1);
      return Entry::entered;
    }
    ++state->running;
    queries_running.add(1);
  }
  if (submit(std::move(task))) return Entry::entered;
  leave();
  return Entry::workers_are_busy;
}

bool QueryGate::submit(std::function<void()> task) {
  return workers_.try_submit([self = shared_from_this(), task = std::move(task)] {
    task();
    self->leave();
  });
}

// Whoever leaves lets the next one in. Workers take it if they can: others wait for them too.
void QueryGate::leave() {
  for (;;) {
    std::function<void()> next;
    {
      auto state = state_.lock();
      if (state->waiting.empty()) {
        --state->running;
        queries_running.add(-1);
        return;
      }
      next = std::move(state->waiting.front());
      state->waiting.pop_front();
      queries_waiting.add(-1);
    }
    if (submit(next)) return;
    next();
  }
}

}  // namespace weir::api::v2
