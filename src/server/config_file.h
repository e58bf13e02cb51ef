// weir.toml as a flat list of settings with their places, for config.cc alone to merge.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/config.h"

namespace weir::server {

// Settings by key; unknown keys and wrong shapes are errors with file:line:column and, where one is
// near, the key that was meant. Tables that belong to ingest/ (auto, map) are passed over.
Result<std::map<std::string, SettingValue, std::less<>>> parse_config_file(std::string_view text,
                                                                           std::string_view name);

}  // namespace weir::server
