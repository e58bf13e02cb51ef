#include "base/clock.h"

#include <ctime>

namespace weir {
namespace {
int64_t read_ns(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return int64_t(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}
}  // namespace

int64_t SystemClock::wall_ns() const { return read_ns(CLOCK_REALTIME); }
int64_t SystemClock::steady_ms() const { return read_ns(CLOCK_MONOTONIC) / 1'000'000; }

}  // namespace weir
