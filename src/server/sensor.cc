#include "server/sensor.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/ids.h"
#include "base/log.h"
#include "base/time_text.h"
#include "mqtt/topic.h"
#include "server/broker_url.h"
#include "server/sensor_reading.h"
#include "server/units.h"

namespace weir::server {
namespace {

struct Device {
  std::string topic;
  std::unique_ptr<SensorReading> reading;
};

std::string replace_device(std::string topic, const std::string& device) {
  static constexpr std::string_view kPlace = "{device}";
  for (size_t at = topic.find(kPlace); at != topic.npos; at = topic.find(kPlace, at)) {
    topic.replace(at, kPlace.size(), device);
    at += device.size();
  }
  return topic;
}

std::string default_topic(const SensorOptions& options) {
  if (options.kind == "truck") return "fleet/{device}";
  if (options.kind == "walk") return "home/{device}/temperature";
  return options.devices > 1 ? "temperature/{device}" : "temperature";
}

Result<std::vector<Device>> make_devices(const SensorOptions& options) {
  uint64_t seed = options.seed != 0 ? options.seed : make_random_id();
  std::string pattern = options.topic.empty() ? default_topic(options) : options.topic;
  if (options.devices > 1 && pattern.find("{device}") == pattern.npos) pattern += "/{device}";
  std::string stem = options.kind == "truck" ? "truck" : options.kind == "walk" ? "room" : "sensor";
  std::vector<Device> devices;
  for (uint64_t number = 1; number <= options.devices; number++) {
    WEIR_TRY(auto reading, make_sensor_reading(options.kind, seed, number));
    std::string topic = replace_device(pattern, fmt::format("{}-{}", stem, number));
    if (!mqtt::is_valid_topic_name(topic)) {
      return Error{Errc::invalid,
                   fmt::format("--topic: got `{}`, wanted a topic without wildcards", topic)};
    }
    devices.push_back({std::move(topic), std::move(reading)});
  }
  return devices;
}

Result<void> publish_round(mqtt::Publisher& publisher, std::vector<Device>& devices,
                           const SensorOptions& options, const Clock& clock) {
  for (Device& device : devices) {
    std::string payload = device.reading->next(clock.wall_ns());
    WEIR_CHECK(publisher.publish(device.topic, payload, options.qos, options.retain));
    if (options.print) fmt::print("{}  {}  {}\n", rfc3339(clock.wall_ns()), device.topic, payload);
  }
  if (options.print) std::fflush(stdout);
  return {};
}

// Keeps the connection alive until it is time for the next round.
Result<void> wait_until(mqtt::Publisher& publisher, int64_t next_ms, const Clock& clock,
                        const std::atomic<bool>& stop) {
  static constexpr int64_t kSliceMs = 100;  // how late a stop may be noticed
  while (!stop) {
    int64_t left = next_ms - clock.steady_ms();
    if (left <= 0) return {};
    WEIR_CHECK(publisher.idle(std::min(left, kSliceMs)));
  }
  return {};
}

Result<void> publish_all(mqtt::Publisher& publisher, std::vector<Device>& devices,
                         const SensorOptions& options, uint64_t& rounds, const Clock& clock,
                         const std::atomic<bool>& stop) {
  int64_t next_ms = clock.steady_ms();
  while (!stop && (options.count == 0 || rounds < options.count)) {
    WEIR_CHECK(publish_round(publisher, devices, options, clock));
    rounds++;
    next_ms += options.interval_ms;
    if (options.count == 0 || rounds < options.count) {
      WEIR_CHECK(wait_until(publisher, next_ms, clock, stop));
    }
  }
  return publisher.disconnect();
}

void pause(int64_t pause_ms, const std::atomic<bool>& stop) {
  for (int64_t waited = 0; waited < pause_ms && !stop; waited += 50) {
    timespec slice{0, 50'000'000};
    nanosleep(&slice, nullptr);
  }
}

}  // namespace

Result<void> parse_sensor_url(std::string_view text, mqtt::PublisherOptions& options) {
  if (text.starts_with("unix:/")) {
    options.host = text;
    return {};
  }
  auto url = parse_broker_url(text);
  if (url.ok() && (url->tls || url->websocket)) {
    url = Error{Errc::invalid,
                "the sensor speaks plain MQTT: wanted mqtt://host[:port] or unix:/path"};
  }
  if (!url.ok()) return std::move(url).error().with_context("broker URL");
  options.host = url->host;
  options.port = url->port;
  options.user = url->user;
  options.password = url->password;
  return {};
}

Result<void> run_sensor(const SensorOptions& options, const Clock& clock,
                        const std::atomic<bool>& stop) {
  static constexpr int64_t kPauseMsMax = 10'000;
  WEIR_TRY(std::vector<Device> devices, make_devices(options));
  uint64_t rounds = 0;
  int64_t pause_ms = 500;
  bool was_connected = false;
  while (true) {
    auto publisher = mqtt::Publisher::connect(options.broker);
    Result<void> outcome;
    if (publisher.ok()) {
      was_connected = true;
      pause_ms = 500;
      outcome = publish_all(**publisher, devices, options, rounds, clock, stop);
    } else {
      outcome = std::move(publisher).error();
    }
    if (outcome.ok() || stop) return {};
    if (!options.reconnect || !was_connected) return outcome;
    log::warn("sensor", "{}; trying again in {} ms", outcome.error().message, pause_ms);
    pause(pause_ms, stop);
    pause_ms = std::min(pause_ms * 2, kPauseMsMax);
  }
}

}  // namespace weir::server
