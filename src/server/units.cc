#include "server/units.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <cmath>

namespace weir::server {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

// A number and a unit's name behind it.
template <size_t N>
Result<double> parse_quantity(std::string_view text, const std::array<Unit, N>& units,
                              std::string_view wanted) {
  double number = 0;
  auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(rest, static_cast<size_t>(text.data() + text.size() - rest));
  if (failure == std::errc() && number >= 0 && std::isfinite(number)) {
    for (const Unit& known : units) {
      if (known.name == unit && number * known.factor < 9e18) return number * known.factor;
    }
  }
  return Error{Errc::invalid, fmt::format("got `{}`, wanted {}", text, wanted)};
}

}  // namespace

Result<int64_t> parse_duration_ns(std::string_view text) {
  if (text == "0" || text == "infinite") return 0;
  static constexpr std::array<Unit, 8> kUnits{{{"ns", 1},
                                               {"us", 1e3},
                                               {"ms", 1e6},
                                               {"s", 1e9},
                                               {"m", 60e9},
                                               {"h", 3600e9},
                                               {"d", 86400e9},
                                               {"w", 604800e9}}};
  WEIR_TRY(double ns, parse_quantity(text, kUnits, "a duration such as 250ms, 1s, 24h or 7d"));
  return static_cast<int64_t>(ns);
}

Result<uint64_t> parse_size_bytes(std::string_view text) {
  static constexpr std::array<Unit, 8> kUnits{{{"", 1},
                                               {"B", 1},
                                               {"KiB", 1024.0},
                                               {"MiB", 1024.0 * 1024},
                                               {"GiB", 1024.0 * 1024 * 1024},
                                               {"KB", 1e3},
                                               {"MB", 1e6},
                                               {"GB", 1e9}}};
  WEIR_TRY(double bytes, parse_quantity(text, kUnits, "a size such as 4096, 64KiB or 1GiB"));
  return static_cast<uint64_t>(bytes);
}

Result<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
  if (text == "false" || text == "no" || text == "off" || text == "0") return false;
  return Error{Errc::invalid, fmt::format("got `{}`, wanted true or false", text)};
}

Result<uint64_t> parse_whole_number(std::string_view text, uint64_t least, uint64_t most) {
  uint64_t number = 0;
  auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc() && rest == text.data() + text.size() && number >= least &&
      number <= most) {
    return number;
  }
  return Error{Errc::invalid,
               fmt::format("got `{}`, wanted a whole number from {} to {}", text, least, most)};
}

std::string format_bytes(uint64_t bytes) {
  static constexpr std::array<std::string_view, 5> kNames{"B", "KiB", "MiB", "GiB", "TiB"};
  double scaled = static_cast<double>(bytes);
  size_t unit = 0;
  while (scaled >= 1024 && unit + 1 < kNames.size()) scaled /= 1024, unit++;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", scaled, kNames[unit]);
}

}  // namespace weir::server
