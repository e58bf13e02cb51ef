#include "net/timers.h"

#include <utility>

namespace weir::net {

Timers::Id Timers::add(Clock::time_point deadline, std::function<void()> task) {
  Place at = 0;
  if (free_.empty()) {
    at = static_cast<Place>(slots_.size());
    slots_.emplace_back();
  } else {
    at = free_.back();
    free_.pop_back();
  }
  Slot& slot = slots_[at];
  slot.task = std::move(task);
  slot.deadline = deadline;
  slot.sequence = ++last_sequence_;
  heap_.push_back(at);
  put(static_cast<Place>(heap_.size() - 1), at);
  sift_up(slot.in_heap);
  return Id(slot.generation) << 32 | at;
}

void Timers::cancel(Id id) {
  const auto at = static_cast<Place>(id);
  if (at >= slots_.size() || slots_[at].generation != id >> 32) return;
  take(at);
}

void Timers::run_due(Clock::time_point now) {
  while (!heap_.empty() && slots_[heap_.front()].deadline <= now) take(heap_.front())();
}

void Timers::clear() {
  // A task's end may cancel others.
  while (!heap_.empty()) take(heap_.back());
}

// Out of the heap; the slot is free before the task runs or ends.
std::function<void()> Timers::take(Place slot) {
  std::function<void()> task = std::exchange(slots_[slot].task, nullptr);
  const Place hole = slots_[slot].in_heap;
  const Place last = heap_.back();
  heap_.pop_back();
  if (hole < heap_.size()) {
    put(hole, last);
    sift_up(hole);
    sift_down(slots_[last].in_heap);
  }
  slots_[slot].generation++;
  if (slots_[slot].generation == 0) slots_[slot].generation = 1;
  free_.push_back(slot);
  return task;
}

bool Timers::is_before(Place a, Place b) const {
  const Slot &x = slots_[a], &y = slots_[b];
  return x.deadline != y.deadline ? x.deadline < y.deadline : x.sequence < y.sequence;
}

void Timers::put(Place heap_place, Place slot) {
  heap_[heap_place] = slot;
  slots_[slot].in_heap = heap_place;
}

void Timers::sift_up(Place at) {
  const Place moving = heap_[at];
  while (at > 0) {
    const Place parent = (at - 1) / 2;
    if (!is_before(moving, heap_[parent])) break;
    put(at, heap_[parent]);
    at = parent;
  }
  put(at, moving);
}

void Timers::sift_down(Place at) {
  const Place moving = heap_[at];
  while (true) {
    Place child = 2 * at + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && is_before(heap_[child + 1], heap_[child])) child++;
    if (!is_before(heap_[child], moving)) break;
    put(at, heap_[child]);
    at = child;
  }
  put(at, moving);
}

}  // namespace weir::net
