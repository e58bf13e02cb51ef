// Typed access to the merged values of a configuration, for the files that read one part of it
// each.
//
// What is wrong is noted with the source of the value ("weir.toml:3:1", "--mqtt-listen") and the
// key, and reading goes on, so that all mistakes are told at once. Used while the configuration is
// built.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/config.h"
#include "server/units.h"

namespace weir::server {

class ConfigReader {
 public:
  // `mistakes` gets one line for each.
  ConfigReader(const Config& config, std::vector<std::string>& mistakes)
      : config_(config), mistakes_(mistakes) {}

  const SettingValue& raw(std::string_view key) const { return config_.values.find(key)->second; }
  // "weir.toml:3:1: mqtt.listen"; a flag says which setting it is.
  std::string place(std::string_view key) const {
    const std::string& source = raw(key).source;
    return source == flag_of(key) ? source : fmt::format("{}: {}", source, key);
  }
  // The same; empty for the default.
  std::string place_if_given(std::string_view key) const {
    return raw(key).source == "default" ? std::string() : place(key);
  }
  void note(std::string_view key, std::string_view what) {
    mistakes_.push_back(fmt::format("{}: {}", place(key), what));
  }

  // Each leaves `out` as it was when the value is wrong.
  template <class Parse, class T>
  void read(std::string_view key, Parse parse, T& out) {
    auto result = parse(std::string_view(raw(key).value));
    if (result.ok()) {
      out = static_cast<T>(std::move(result).value());
    } else {
      note(key, result.error().message);
    }
  }
  template <class T>
  void number(std::string_view key, uint64_t least, uint64_t most, T& out) {
    read(
        key, [&](auto given) { return parse_whole_number(given, least, most); }, out);
  }
  template <class T>
  void size(std::string_view key, T& out) {
    read(key, parse_size_bytes, out);
  }

 private:
  const Config& config_;
  std::vector<std::string>& mistakes_;
};

}  // namespace weir::server
