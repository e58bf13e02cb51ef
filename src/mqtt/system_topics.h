// SystemTopics: $SYS/broker/#, the broker's figures as messages, named as Mosquitto 2 names them.
//
// Each topic is told when its value changed since it was told last, as Mosquitto does, so a
// subscriber of `$SYS/#` hears of what moves. The loads are moving averages over 1, 5 and 15
// minutes of what happens in a minute. The io thread that publishes them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt/text_map.h"

namespace weir::mqtt {

// What the broker counts; those of a kind that only grows are totals since the start.
struct SystemFigures {
  std::string version;
  int64_t uptime_s = 0;
  uint64_t clients_connected = 0, clients_maximum = 0, clients_total = 0, clients_expired = 0;
  uint64_t packets_received = 0, packets_sent = 0;
  uint64_t publishes_received = 0, publishes_sent = 0, publishes_dropped = 0;
  uint64_t payload_received = 0, payload_sent = 0;
  uint64_t bytes_received = 0, bytes_sent = 0;
  uint64_t sockets = 0, connects = 0;
  uint64_t stored_messages = 0, stored_bytes = 0, retained_messages = 0;
  uint64_t subscriptions = 0, shared_subscriptions = 0;
  uint64_t memory_bytes = 0, memory_bytes_max = 0;
};

class SystemTopics {
 public:
  using Told = std::vector<std::pair<std::string, std::string>>;  // topic, payload
  // What changed since the last call, in a fixed order. `now_ms` is a steady time.
  Told changes(const SystemFigures& figures, int64_t now_ms);

 private:
  struct Load {
    uint64_t last = 0;
    std::array<double, 3> averages = {};
  };
  void tell(Told& told, std::string_view name, std::string value);
  void tell_load(Told& told, size_t which, std::string_view name, uint64_t count, int64_t now_ms);
  void tell_clients(Told& told, const SystemFigures& figures);
  void tell_counts(Told& told, const SystemFigures& figures);

  TextMap<std::string> values_;  // by name
  std::array<Load, 9> loads_;
  int64_t last_ms_ = -1;  // of the call before; -1: none
};

}  // namespace weir::mqtt
