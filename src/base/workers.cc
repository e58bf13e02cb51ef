#include "base/workers.h"

#include <pthread.h>

namespace weir {

Workers::Workers(std::string name, size_t threads, size_t queued_max)
    : name_(std::move(name)), queued_max_(queued_max) {
  for (size_t i = 0; i < threads; i++) threads_.emplace_back([this] { run(); });
}

Workers::~Workers() { stop(); }

bool Workers::try_submit(std::function<void()> task) {
  auto state = state_.lock();
  if (state->stopping || state->queue.size() >= queued_max_) return false;
  state->queue.push_back(std::move(task));
  changed_.notify_one();
  return true;
}

void Workers::stop() {
  {
    auto state = state_.lock();
    state->stopping = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Workers::run() {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  while (true) {
    std::function<void()> task;
    {
      auto state = state_.lock();
      state.wait(changed_, [&] { return state->stopping || !state->queue.empty(); });
      if (state->queue.empty()) return;
      task = std::move(state->queue.front());
      state->queue.pop_front();
    }
    task();
  }
}

}  // namespace weir
