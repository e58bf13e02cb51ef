// Why a message did not reach a subscriber: counted per client and, over all, as a metric.
//
// "Messages are dropped and I cannot see why" is what people ask brokers most, so every place that
// drops one names its reason here. Counting is for the receiver's home thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::mqtt {

struct Receiver;

enum class DropReason : uint8_t {
  slow,          // QoS 0, and the connection does not take what is sent already
  queue_full,    // the client's own queue is at its bound
  budget,        // all clients' queues together are at theirs
  too_large,     // larger than the client takes (MQTT 5 §3.1.2.11.4)
  expired,       // waited longer than its message expiry interval
  unauthorized,  // it may not receive any more what waited for it
};
inline constexpr size_t kDropReasons = 6;
using DropCounts = std::array<uint64_t, kDropReasons>;  // by reason

// As the metric's label `reason`.
inline constexpr std::array<std::string_view, kDropReasons> kDropLabels = {
    "slow subscriber, QoS 0",       "queue full", "all queues full",
    "larger than the client takes", "expired",    "not authorized any more"};

// Counts for the client and in weir_mqtt_messages_dropped_total.
void count_dropped(Receiver& receiver, DropReason reason, uint64_t messages = 1);
uint64_t total_dropped();

}  // namespace weir::mqtt
