#include "server/config_broker.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::server {
namespace {

Result<AnonymousPolicy> parse_anonymous(std::string_view text) {
  if (text == "loopback") return AnonymousPolicy::loopback;
  auto everyone = parse_boolean(text);
  if (!everyone.ok()) {
    return Error{Errc::invalid, fmt::format("got `{}`, wanted loopback, true or false", text)};
  }
  return *everyone ? AnonymousPolicy::everyone : AnonymousPolicy::nobody;
}

}  // namespace

Result<void> read_broker_settings(const ConfigReader& reader, Config& config) {
  WEIR_TRY(config.mqtt_listen, reader.parsed("mqtt.listen", net::parse_listen_address));
  WEIR_TRY(config.anonymous, reader.parsed("mqtt.allow_anonymous", parse_anonymous));
  WEIR_TRY(uint64_t packet, reader.size("mqtt.max_packet_size"));
  WEIR_TRY(uint64_t inflight, reader.number("mqtt.max_inflight", 1, 65535));
  WEIR_TRY(config.broker.queued_messages_max,
           reader.number("mqtt.max_queued_messages", 0, 100'000'000));
  WEIR_TRY(config.broker.queued_bytes_max, reader.size("mqtt.max_queued_bytes"));
  WEIR_TRY(uint64_t keep_alive, reader.number("mqtt.max_keep_alive", 1, 65535));
  WEIR_TRY(config.broker.connections_max, reader.number("mqtt.max_connections", 1, 10'000'000));
  // The protocol's own bound (MQTT 5 §2.1.4) plus the fixed header.
  config.broker.packet_bytes_max = static_cast<uint32_t>(std::min<uint64_t>(packet, 268'435'460));
  config.broker.receive_maximum = static_cast<uint16_t>(inflight);
  config.broker.keep_alive_s_max = static_cast<uint16_t>(keep_alive);
  return {};
}

}  // namespace weir::server
