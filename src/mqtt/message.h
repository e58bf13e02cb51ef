// A published message as the broker passes it on: to subscribers, to the retained store, to sinks.
//
// Immutable once made; shared between threads and receivers, never copied. Properties are MQTT 5's
// (§3.3.2.3); from a 3.1.1 publisher they are empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::mqtt {

struct PublishProperties {
  std::optional<uint8_t> payload_format_indicator;
  std::optional<uint32_t> message_expiry_s;
  std::string content_type, response_topic, correlation_data;
  std::vector<std::pair<std::string, std::string>> user_properties;
};

struct Message {
  std::string topic;    // valid UTF-8, no wildcards, not empty
  std::string payload;  // any bytes
  uint8_t qos = 0;
  bool retain = false;
  bool replayed = false;  // another broker's retained copy, sent because weir subscribed
  std::unique_ptr<const PublishProperties> properties;  // null when there are none
  std::string client_id;                                // of the publisher
  std::string user;                                     // empty when anonymous
  int64_t received_ns = 0;                              // wall clock
};
// What a message holds of others' text, properties included: what bounds on bytes count.
inline size_t text_bytes(const Message& message) {
  size_t bytes = message.topic.size() + message.payload.size();
  if (!message.properties) return bytes;
  const PublishProperties& more = *message.properties;
  bytes += more.content_type.size() + more.response_topic.size() + more.correlation_data.size();
  for (const auto& [key, value] : more.user_properties) {
    bytes += key.size() + value.size() + sizeof(std::pair<std::string, std::string>);
  }
  return bytes;
}
using MessagePtr = std::shared_ptr<const Message>;
std::unique_ptr<Message> copy_of(const Message& message);

}  // namespace weir::mqtt
