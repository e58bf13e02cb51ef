// weir.toml as a flat list of settings with their places, for config.cc alone to merge.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/config.h"

namespace weir::server {

struct FileSettings {
  std::map<std::string, SettingValue, std::less<>> values;  // by key
  // Unknown keys and wrong shapes, with file:line:column and, where one is near, the key that was
  // meant.
  std::vector<std::string> mistakes;
};

// An error when the text is no TOML at all. Tables that belong to ingest/ (auto, map) are passed
// over.
Result<FileSettings> parse_config_file(std::string_view text, std::string_view name);

}  // namespace weir::server
