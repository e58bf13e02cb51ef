// Clock: where "now" comes from, so that tests decide it.
//
// wall_ns() is Unix time in nanoseconds and may jump; steady_ms() never goes back and is what
// timeouts count in. Both may be called from any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t wall_ns() const = 0;
  virtual int64_t steady_ms() const = 0;
};

// The machine's clocks.
class SystemClock final : public Clock {
 public:
  int64_t wall_ns() const override;
  int64_t steady_ms() const override;
};

// A clock that stands still until a test moves it.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t wall_ns = 0) : wall_ns_(wall_ns) {}
  int64_t wall_ns() const override { return wall_ns_; }
  int64_t steady_ms() const override { return steady_ms_; }
  void advance_ms(int64_t ms) {
    wall_ns_ += ms * 1'000'000;
    steady_ms_ += ms;
  }
  void set_wall_ns(int64_t wall_ns) { wall_ns_ = wall_ns; }

 private:
  std::atomic<int64_t> wall_ns_;
  std::atomic<int64_t> steady_ms_ = 0;
};

}  // namespace weir
