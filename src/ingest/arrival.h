// Arrival: the time of points whose message carries none of its own.
//
// It is the wall-clock time at which the message was read, cut to whole milliseconds: what lies
// below is noise that costs bytes for ever. Messages of one topic that arrive within one
// millisecond would overwrite each other, so each further one is put a microsecond after the one
// before. ArrivalSequence: any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace weir::ingest {

inline int64_t arrival_ms_in_ns(int64_t received_ns) {
  constexpr int64_t kMillisecond = 1'000'000;
  int64_t rest = received_ns % kMillisecond;
  if (rest < 0) rest += kMillisecond;
  return received_ns - rest;
}

// The arrivals of one topic, strictly ascending.
class ArrivalSequence {
 public:
  int64_t next_ns(int64_t received_ns) {
    const int64_t arrival = arrival_ms_in_ns(received_ns);
    int64_t last = last_ns_.load(std::memory_order_relaxed);
    int64_t next = 0;
    do {
      // A clock that was set back is believed, or points would carry wrong times until it caught
      // up.
      const bool clock_went_back = last - arrival > kAheadMaxNs;
      next = clock_went_back ? arrival : std::max(arrival, last + kStepNs);
    } while (!last_ns_.compare_exchange_weak(last, next, std::memory_order_relaxed));
    return next;
  }

 private:
  static constexpr int64_t kStepNs = 1'000;
  // A million messages a second on one topic are a thousand steps a millisecond: none too many.
  static constexpr int64_t kAheadMaxNs = 1'000'000'000;
  std::atomic<int64_t> last_ns_ = INT64_MIN / 2;
};

}  // namespace weir::ingest
