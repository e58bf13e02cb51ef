#include "net/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "base/assert.h"

namespace weir::net {

Mailbox::Mailbox() : bell_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  WEIR_ASSERT(bell_fd_ >= 0, "a process can open the descriptors of its own threads");
}

Mailbox::~Mailbox() { ::close(bell_fd_); }

void Mailbox::post(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    tasks_.push_back(std::move(task));
    has_tasks_.store(true);
  }
  // The loop falls asleep first and looks for tasks then: one of the two sees the other.
  if (asleep_.exchange(false)) ring();
}

// The bell is watched for edges, so nobody has to read it; it could be rung for centuries before
// its counter were full.
void Mailbox::ring() {
  const uint64_t once = 1;
  [[maybe_unused]] const ssize_t written = ::write(bell_fd_, &once, sizeof(once));
}

void Mailbox::take(std::vector<std::function<void()>>& tasks) {
  if (!has_tasks_.load()) return;
  std::lock_guard lock(mutex_);
  tasks.swap(tasks_);
  has_tasks_.store(!tasks_.empty());
}

bool Mailbox::go_to_sleep() {
  asleep_.store(true);
  if (!has_tasks_.load()) return true;
  asleep_.store(false);
  return false;
}

void Mailbox::close() {
  std::vector<std::function<void()>> dropped;
  std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(tasks_);
}

}  // namespace weir::net
