// Where the program listens, and with which certificates: the simple settings, and [[listener]].
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/config_file.h"
#include "server/config_reader.h"

namespace weir::server {

// What a [[listener]] may hold, beside tls_certificates.
std::span<const std::string_view> listener_keys();

// After the broker's other settings, which are the listeners' defaults.
void read_listeners(ConfigReader& reader, const std::vector<ListenerTable>& tables, Config& config,
                    std::vector<std::string>& mistakes);

// "tcp", "tls", "ws", "wss", "unix": what its clients come over, in a word.
std::string_view transport_of(const MqttListener& listener);

}  // namespace weir::server
