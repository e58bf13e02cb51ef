#include "server/periodic.h"

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>

#include "base/sync.h"

namespace weir::server {
namespace {

TEST_CASE("a periodic task runs again and again on a worker, and no more once it is stopped") {
  Guarded<int> runs(0);
  std::condition_variable changed;
  bool on_io_thread = false;
  net::IoThreads threads(1);
  Workers workers("test", 1, 4);
  {
    Periodic periodic(threads.at(0), workers, 1, [&] {
      auto locked = runs.lock();
      on_io_thread |= threads.at(0).is_this_thread();
      ++*locked;
      changed.notify_all();
    });
    auto locked = runs.lock();
    CHECK(locked.wait_for(changed, std::chrono::seconds(30), [&] { return *locked >= 3; }));
    locked.unlock();
    workers.stop();
  }
  CHECK_FALSE(on_io_thread);
  const int stopped_at = *runs.lock();
  threads.stop();
  CHECK(*runs.lock() == stopped_at);
}

}  // namespace
}  // namespace weir::server
