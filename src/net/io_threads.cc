#include "net/io_threads.h"

#include <atomic>

#include "base/assert.h"
#include "net/loop_thread.h"

namespace weir::net {

struct IoThreads::State {
  std::vector<std::unique_ptr<LoopThread>> loops;
  std::atomic<size_t> next = 0;
};

IoThreads::IoThreads(size_t count) : state_(std::make_unique<State>()) {
  WEIR_ASSERT(count > 0, "there is at least one io thread");
  for (size_t i = 0; i < count; ++i) {
    LoopThread* first = i == 0 ? nullptr : state_->loops[0].get();
    state_->loops.push_back(std::make_unique<LoopThread>(i, first));
  }
}

IoThreads::~IoThreads() { stop(); }

size_t IoThreads::count() const { return state_->loops.size(); }

IoThread& IoThreads::at(size_t index) { return *state_->loops.at(index); }

IoThread& IoThreads::next() {
  return *state_->loops[state_->next.fetch_add(1, std::memory_order_relaxed) % count()];
}

void IoThreads::stop() {
  for (auto& loop : state_->loops) loop->request_stop();
  for (auto& loop : state_->loops) loop->join();
}

}  // namespace weir::net
