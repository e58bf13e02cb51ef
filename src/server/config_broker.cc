#include "server/config_broker.h"

#include <fmt/core.h>

#include <algorithm>

#include "server/version.h"

namespace weir::server {
namespace {

// The protocol's own bound (MQTT 5 §2.1.4) plus the fixed header.
constexpr uint64_t kPacketBytesMost = 268'435'460;

}  // namespace

Result<AnonymousPolicy> parse_anonymous(std::string_view text) {
  if (text == "loopback") return AnonymousPolicy::loopback;
  auto everyone = parse_boolean(text);
  if (!everyone.ok()) {
    return Error{Errc::invalid, fmt::format("got `{}`, wanted loopback, true or false", text)};
  }
  return *everyone ? AnonymousPolicy::everyone : AnonymousPolicy::nobody;
}

void read_broker_settings(ConfigReader& reader, Config& config) {
  mqtt::BrokerOptions& broker = config.broker;
  config.access.passwords = {reader.raw("mqtt.password_file").value,
                             reader.place("mqtt.password_file")};
  config.access.topics = {reader.raw("mqtt.acl_file").value, reader.place("mqtt.acl_file")};
  // Who lists the users means these, not everybody on the machine besides.
  if (SettingValue& anonymous = config.values["mqtt.allow_anonymous"];
      anonymous.source == "default" && !config.access.passwords.path.empty()) {
    anonymous = {"false", std::string(kBecauseOfPasswords)};
  }
  reader.read("mqtt.allow_anonymous", parse_anonymous, config.anonymous);
  uint64_t packet = broker.packet_bytes_max;
  reader.size("mqtt.max_packet_size", packet);
  if (packet < kPacketBytesLeast) {
    reader.note("mqtt.max_packet_size",
                fmt::format("got {}, wanted at least {} bytes", packet, kPacketBytesLeast));
  }
  broker.packet_bytes_max = static_cast<uint32_t>(std::min(packet, kPacketBytesMost));
  reader.number("mqtt.max_inflight", 1, 65535, broker.receive_maximum);
  reader.number("mqtt.max_queued_messages", 0, 100'000'000, broker.queued_messages_max);
  reader.size("mqtt.max_queued_bytes", broker.queued_bytes_max);
  reader.number("mqtt.max_keep_alive", 1, 65535, broker.keep_alive_s_max);
  reader.number("mqtt.max_qos", 0, 2, broker.qos_max);
  reader.read("mqtt.retain_available", parse_boolean, broker.retain_available);
  reader.number("mqtt.topic_alias_max", 0, 65535, broker.topic_alias_max);
  reader.read("mqtt.durability", parse_durability, broker.durability);
  broker.journal_directory = config.data_dir + "/broker";
  int64_t interval_s = broker.system_topics_ms / 1000;
  reader.number("mqtt.sys_interval", 0, 65535, interval_s);
  broker.system_topics_ms = interval_s * 1000;
  broker.version = kVersion;
  reader.number("mqtt.max_connections", 1, 10'000'000, broker.connections_max);
  reader.number("mqtt.max_connections_per_address", 0, 10'000'000,
                broker.connections_per_address_max);
  reader.number("mqtt.max_connection_rate", 0, 1'000'000, broker.connections_per_second_max);
  reader.number("mqtt.max_message_rate", 0, 1'000'000'000, broker.messages_per_second_max);
  reader.size("mqtt.max_byte_rate", broker.bytes_per_second_max);
}

}  // namespace weir::server
