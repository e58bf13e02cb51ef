// weir.toml as a flat list of settings with their places, for config.cc alone to merge.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/tls_context.h"
#include "server/config.h"

namespace weir::server {

// One [[listener]].
struct ListenerTable {
  std::string source;  // "weir.toml:12:1"
  // By key, with what it belongs to: "listener.address". Only what is given.
  std::map<std::string, SettingValue, std::less<>> values;
  std::vector<net::TlsCertificate> more_certificates;  // of tls_certificates
};

struct FileSettings {
  std::map<std::string, SettingValue, std::less<>> values;  // by key
  // Unknown keys and wrong shapes, with file:line:column and, where one is near, the key that was
  // meant.
  std::vector<std::string> mistakes;
  std::vector<ListenerTable> listeners;
  std::vector<BridgeTable> bridges;
};

// An error when the text is no TOML at all. Tables that belong to ingest/ (auto, map) are passed
// over.
Result<FileSettings> parse_config_file(std::string_view text, std::string_view name);

}  // namespace weir::server
