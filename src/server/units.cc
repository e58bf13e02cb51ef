#include "server/units.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

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

std::string_view nearest_name(std::string_view misspelt,
                              const std::vector<std::string_view>& names) {
  std::string_view nearest;
  size_t nearest_distance = misspelt.size() / 3 + 2;  // beyond that it is another word
  for (std::string_view name : names) {
    std::vector<size_t> row(name.size() + 1);
    for (size_t j = 0; j <= name.size(); j++) row[j] = j;
    for (size_t i = 1; i <= misspelt.size(); i++) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= name.size(); j++) {
        size_t replaced = diagonal + (misspelt[i - 1] == name[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
      }
    }
    if (row.back() < nearest_distance) nearest = name, nearest_distance = row.back();
  }
  return nearest;
}

std::string format_bytes(uint64_t bytes) {
  static constexpr std::array<std::string_view, 5> kNames{"B", "KiB", "MiB", "GiB", "TiB"};
  double scaled = static_cast<double>(bytes);
  size_t unit = 0;
  while (scaled >= 1024 && unit + 1 < kNames.size()) scaled /= 1024, unit++;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", scaled, kNames[unit]);
}

std::string format_time(int64_t time_ns) {
  int64_t seconds = time_ns / 1'000'000'000, fraction = time_ns % 1'000'000'000;
  if (fraction < 0) seconds--, fraction += 1'000'000'000;
  std::time_t whole = seconds;
  std::tm parts{};
  gmtime_r(&whole, &parts);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                  parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  if (fraction != 0) {
    text += fmt::format(".{:09}", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "Z";
}

}  // namespace weir::server
