#include "net/run_and_wait.h"

#include <future>
#include <memory>

#include "base/assert.h"

namespace weir::net {

void run_and_wait(IoThread& thread, std::function<void()> task) {
  WEIR_ASSERT(!thread.is_this_thread(), "it would wait for itself");
  auto done = std::make_shared<std::promise<void>>();
  std::future<void> is_done = done->get_future();
  thread.post([task = std::move(task), done] {
    task();
    done->set_value();
  });
  is_done.wait();
}

}  // namespace weir::net
