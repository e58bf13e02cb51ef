// Typed access to the merged values of a configuration, for the files that read one part of it
// each.
//
// Every error names the source of the value ("weir.toml:3:1", "--mqtt-listen") and the key. Used
// while the configuration is built.
#pragma once

#include <fmt/core.h>

#include "server/config.h"
#include "server/units.h"

namespace weir::server {

inline Error in_setting(const SettingValue& value, std::string_view key, Error error) {
  return std::move(error).with_context(fmt::format("{}: {}", value.source, key));
}

class ConfigReader {
 public:
  explicit ConfigReader(const Config& config) : config_(config) {}

  const SettingValue& raw(std::string_view key) const { return config_.values.find(key)->second; }
  template <class Parse>
  auto parsed(std::string_view key, Parse parse) const -> decltype(parse(std::string_view())) {
    const SettingValue& value = raw(key);
    auto result = parse(std::string_view(value.value));
    if (!result.ok()) return in_setting(value, key, std::move(result).error());
    return result;
  }
  Result<uint64_t> number(std::string_view key, uint64_t least, uint64_t most) const {
    return parsed(key, [&](auto text) { return parse_whole_number(text, least, most); });
  }
  Result<uint64_t> size(std::string_view key) const { return parsed(key, parse_size_bytes); }

 private:
  const Config& config_;
};

}  // namespace weir::server
