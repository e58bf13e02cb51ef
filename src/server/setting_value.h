// A setting as it was given, and where: what the parts of the configuration are read from.
#pragma once

#include <string>

namespace weir::server {

struct SettingValue {
  std::string value;
  std::string source;  // "default", "weir.toml:3:1", "environment", ".env:2", "--mqtt-listen"
};

}  // namespace weir::server
