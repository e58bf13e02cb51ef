// What the simulated sensors of `weir sensor` measure.
//
// random: an integer 0..30, the tutorial's sensor. walk: a room's temperature, a daily curve with
// noise, two decimals. truck: a JSON position that drives along a closed route. Each device has its
// own generator seeded from (seed, device), so that a seed gives the same readings every time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::server {

class SensorReading {
 public:
  virtual ~SensorReading() = default;
  // The next payload; `time_ns` is the reading's wall-clock time.
  virtual std::string next(int64_t time_ns) = 0;
};

// kind: "random", "walk" or "truck".
Result<std::unique_ptr<SensorReading>> make_sensor_reading(std::string_view kind, uint64_t seed,
                                                           uint64_t device);

}  // namespace weir::server
