// Settings of a connection to another broker, as [broker] and each [[bridge]] have them.
//
// Read by config.cc; carried out by other_brokers.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/broker_url.h"
#include "server/setting_value.h"

namespace weir::server {

class ConfigReader;

struct BrokerLink {
  std::string name;  // "broker", "bridge NAME"
  BrokerUrl url;
  std::string client_id;  // empty: one of weir's own, kept in the data directory
  std::optional<std::string> user, password;
  int version = 0;  // 4 or 5; 0: 5, and 4 where that is refused
  bool clean = false;
  uint32_t session_expiry_s = 0;
  std::string ca_file, certificate_file, key_file;
  bool insecure = false;
  uint16_t keep_alive_s = 60;
  uint16_t receive_maximum = 1000;
};

struct ExternalBroker {
  BrokerLink link;
  std::vector<std::string> topics;
  uint8_t qos = 1;
};

struct BridgeConfig {
  BrokerLink link;
  std::string name;                               // also that of its file in the data directory
  std::vector<std::string> topics;                // checked: mqtt/bridge_topics.h reads them
  std::string status_topic, remote_status_topic;  // empty: not told
};
// One [[bridge]] of the file.
struct BridgeTable {
  std::string source;  // "weir.toml:12:1"
  // By key, with what it belongs to: "bridge.url". Only what is given.
  std::map<std::string, SettingValue, std::less<>> values;
};
std::span<const std::string_view> bridge_keys();

// Keys are `prefix` ("broker.") and the option's name; mistakes are noted by the reader.
void read_broker_link(ConfigReader& reader, std::string_view prefix, BrokerLink& out);
// "a/#, b" or one a line.
std::vector<std::string> parse_topic_list(std::string_view text);
void read_external_broker(ConfigReader& reader, ExternalBroker& out);
void read_bridges(const std::vector<BridgeTable>& tables, std::vector<BridgeConfig>& out,
                  std::vector<std::string>& mistakes);

}  // namespace weir::server
