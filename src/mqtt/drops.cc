#include "mqtt/drops.h"

#include <string>

#include "base/metrics.h"
#include "mqtt/receiver.h"

namespace weir::mqtt {
namespace {

struct Dropped {
  explicit Dropped(size_t reason)
      : counter("weir_mqtt_messages_dropped_total", "Messages not delivered to a subscriber",
                "reason=\"" + std::string(kDropLabels[reason]) + "\"") {}
  metrics::Counter counter;
};
// In the order of DropReason.
Dropped dropped[kDropReasons] = {Dropped(0), Dropped(1), Dropped(2),
                                 Dropped(3), Dropped(4), Dropped(5)};

}  // namespace

void count_dropped(Receiver& receiver, DropReason reason, uint64_t messages) {
  if (messages == 0) return;
  const auto at = static_cast<size_t>(reason);
  {
    auto details = receiver.details.lock();
    if (!details->dropped) details->dropped = std::make_unique<DropCounts>();
    (*details->dropped)[at] += messages;
  }
  dropped[at].counter.add(messages);
}

uint64_t total_dropped() {
  uint64_t sum = 0;
  for (const Dropped& one : dropped) sum += one.counter.value();
  return sum;
}

}  // namespace weir::mqtt
