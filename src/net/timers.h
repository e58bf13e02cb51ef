// Timers: what is to run when, of one event loop.
//
// A heap over slots that are used again, so that ten thousand timers take less than a megabyte and
// setting or cancelling one costs no allocation beyond its task. Equal deadlines run in the order
// they were set. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

namespace weir::net {

class Timers {
 public:
  using Clock = std::chrono::steady_clock;
  using Id = uint64_t;  // never 0
  static constexpr Clock::time_point kNever = Clock::time_point::max();

  Id add(Clock::time_point deadline, std::function<void()> task);
  void cancel(Id id);  // one that has run or was cancelled already is passed over
  Clock::time_point earliest() const {
    return heap_.empty() ? kNever : slots_[heap_.front()].deadline;
  }
  // Runs what is due, also what is set meanwhile and due by then.
  void run_due(Clock::time_point now);
  void clear();

 private:
  using Place = uint32_t;  // in slots_ or heap_
  struct Slot {
    std::function<void()> task;
    Clock::time_point deadline;
    uint64_t sequence = 0;  // of setting
    Place in_heap = 0;
    uint32_t generation = 1;  // of the slot's use: ids of earlier uses are void
  };

  bool is_before(Place a, Place b) const;
  void put(Place heap_place, Place slot);
  void sift_up(Place at);
  void sift_down(Place at);
  std::function<void()> take(Place slot);

  std::vector<Slot> slots_;
  std::vector<Place> heap_, free_;
  uint64_t last_sequence_ = 0;
};

}  // namespace weir::net
