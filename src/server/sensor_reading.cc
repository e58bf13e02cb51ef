#include "server/sensor_reading.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace weir::server {
namespace {

class RandomInteger final : public SensorReading {
 public:
  explicit RandomInteger(uint64_t seed) : random_(seed) {}
  std::string next(int64_t) override {
    return std::to_string(std::uniform_int_distribution<int>(0, 30)(random_));
  }

 private:
  std::mt19937_64 random_;
};

class RoomTemperature final : public SensorReading {
 public:
  explicit RoomTemperature(uint64_t seed) : random_(seed) {
    mean_ = std::uniform_real_distribution<double>(18, 23)(random_);
  }
  std::string next(int64_t time_ns) override {
    // The deviation is pulled back to zero, so the walk never drifts away.
    deviation_ = 0.98 * deviation_ + std::normal_distribution<double>(0, 0.06)(random_);
    double day = static_cast<double>(time_ns) / 86'400e9;
    double daily_curve = 1.5 * std::sin(2 * std::numbers::pi * (day - 0.375));  // warmest at 15:00
    return fmt::format("{:.2f}", mean_ + daily_curve + deviation_);
  }

 private:
  std::mt19937_64 random_;
  double mean_ = 0, deviation_ = 0;
};

class Truck final : public SensorReading {
 public:
  explicit Truck(uint64_t seed) : random_(seed) {
    std::uniform_real_distribution<double> unit(0, 1);
    center_latitude_ = 47.0 + 4 * unit(random_);
    center_longitude_ = 6.0 + 8 * unit(random_);
    angle_ = 2 * std::numbers::pi * unit(random_);
    fuel_percent_ = 40 + 60 * unit(random_);
  }
  std::string next(int64_t time_ns) override {
    double elapsed_s =
        last_ns_ == 0 ? 1.0 : std::clamp(static_cast<double>(time_ns - last_ns_) / 1e9, 0.0, 60.0);
    last_ns_ = time_ns;
    speed_kmh_ =
        std::clamp(speed_kmh_ + std::normal_distribution<double>(0, 2)(random_), 30.0, 90.0);
    double distance_km = speed_kmh_ * elapsed_s / 3600;
    angle_ += distance_km / kRouteRadiusKm;
    fuel_percent_ -= distance_km * 0.03;
    if (fuel_percent_ < 5) fuel_percent_ = 100;  // refuelled
    double latitude = center_latitude_ + kRouteRadiusKm / 111.3 * std::sin(angle_);
    double longitude = center_longitude_ + kRouteRadiusKm / 111.3 * std::cos(angle_) /
                                               std::cos(latitude * std::numbers::pi / 180);
    double heading = std::fmod(360 - angle_ * 180 / std::numbers::pi, 360);
    return fmt::format(
        R"({{"lat":{:.5f},"lon":{:.5f},"speed":{:.1f},"heading":{:.0f},"fuel":{:.1f}}})", latitude,
        longitude, speed_kmh_, heading < 0 ? heading + 360 : heading, fuel_percent_);
  }

 private:
  static constexpr double kRouteRadiusKm = 20;
  std::mt19937_64 random_;
  double center_latitude_ = 0, center_longitude_ = 0, angle_ = 0;
  double speed_kmh_ = 60, fuel_percent_ = 100;
  int64_t last_ns_ = 0;
};

}  // namespace

Result<std::unique_ptr<SensorReading>> make_sensor_reading(std::string_view kind, uint64_t seed,
                                                           uint64_t device) {
  uint64_t own_seed = seed * 1'000'003 + device;
  if (kind == "random") return std::unique_ptr<SensorReading>(new RandomInteger(own_seed));
  if (kind == "walk") return std::unique_ptr<SensorReading>(new RoomTemperature(own_seed));
  if (kind == "truck") return std::unique_ptr<SensorReading>(new Truck(own_seed));
  return Error{Errc::invalid, fmt::format("--kind: got `{}`, wanted random, walk or truck", kind)};
}

}  // namespace weir::server
