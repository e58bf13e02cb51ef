#include "base/durability.h"

#include <charconv>
#include <string>

namespace weir {

Result<Durability> parse_durability(std::string_view text) {
  Durability durability;
  if (text == "sync") return durability;
  durability.mode = Durability::Mode::none;
  if (text == "none") return durability;
  Error error{Errc::invalid,
              "durability: got \"" + std::string(text) +
                  "\", wanted sync, none or interval:TIME (interval:1s, interval:250ms)"};
  constexpr std::string_view kPrefix = "interval:";
  if (!text.starts_with(kPrefix)) return error;
  text.remove_prefix(kPrefix.size());
  int64_t number = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  constexpr int64_t kMost = 3'600'000;  // an hour; more is "none" by another name
  if (failure != std::errc() || number <= 0 || number > kMost) return error;
  if (unit == "s") number *= 1000;
  if ((unit != "s" && unit != "ms") || number > kMost) return error;
  durability.mode = Durability::Mode::interval;
  durability.interval_ms = number;
  return durability;
}

}  // namespace weir
