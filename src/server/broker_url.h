// The address of another broker: mqtt://[user[:password]@]host[:port][/path], also mqtts, ws, wss.
//
// tcp is another word for mqtt, ssl and tls for mqtts. User and password may hold %XX. The path is
// for WebSocket alone; without one it is /mqtt. Ports when none is given: 1883, 8883, 80, 443.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::server {

struct BrokerUrl {
  bool tls = false, websocket = false;
  std::string host;  // an IPv6 address without its brackets
  uint16_t port = 0;
  std::string path;
  std::optional<std::string> user, password;

  std::string shown() const;  // without user and password
  std::string host_and_port() const;
};
Result<BrokerUrl> parse_broker_url(std::string_view text);

}  // namespace weir::server
