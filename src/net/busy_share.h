// BusyShare: how much of its time a loop works rather than waits, window by window.
//
// Told of each change from one to the other; what was not told of goes on. One thread at a time.
#pragma once

#include <chrono>
#include <optional>

namespace weir::net {

class BusyShare {
 public:
  using Clock = std::chrono::steady_clock;
  explicit BusyShare(Clock::duration window) : window_(window) {}

  void begin(Clock::time_point now) {
    busy_ = {};
    since_ = until_ = now;
  }
  // Until now it waited.
  void waited(Clock::time_point now) { until_ = now; }
  // Until now it worked. The share, 0 to 1, of a window that is over; the next one begins.
  std::optional<double> worked(Clock::time_point now) {
    busy_ += now - until_;
    until_ = now;
    if (now - since_ < window_) return std::nullopt;
    const std::chrono::duration<double> busy = busy_, all = now - since_;
    begin(now);
    return busy / all;
  }

 private:
  const Clock::duration window_;
  Clock::duration busy_{};
  Clock::time_point since_, until_;
};

}  // namespace weir::net
