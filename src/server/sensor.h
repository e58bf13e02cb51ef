// The smart sensor: publishes simulated readings over MQTT, for trying weir out and for tests.
//
// Used by `weir sensor` and by `weir run --with-sensor`. Runs on the calling thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "mqtt/publisher.h"

namespace weir::server {

struct SensorOptions {
  mqtt::PublisherOptions broker;
  std::string topic;  // may hold {device}; empty: `temperature`, or by kind
  std::string kind = "random";
  int64_t interval_ms = 1000;
  uint64_t count = 0;  // readings of each device; 0: for ever
  uint64_t devices = 1;
  uint64_t seed = 0;  // 0: a new one every time
  uint8_t qos = 0;
  bool retain = false;
  bool reconnect = true;  // after losing the broker, with growing pauses
  bool print = true;      // each reading to standard output
};

// Reads "mqtt://user:password@host:port" or "unix:/path" into options.
Result<void> parse_sensor_url(std::string_view url, mqtt::PublisherOptions& options);

// Publishes until the count is reached or `stop` turns true.
Result<void> run_sensor(const SensorOptions& options, const Clock& clock,
                        const std::atomic<bool>& stop);

}  // namespace weir::server
