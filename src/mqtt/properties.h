// Properties (MQTT 5 §2.2.2): what a packet may carry beside its fixed fields.
//
// One struct holds any packet's properties; `present` says which were given, the others keep the
// value the standard assumes when a property is absent. Strings are views into the decoded bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "mqtt/reason.h"

namespace weir::mqtt {

enum class Property : uint8_t {
  payload_format_indicator = 0x01,
  message_expiry_interval = 0x02,
  content_type = 0x03,
  response_topic = 0x08,
  correlation_data = 0x09,
  subscription_identifier = 0x0B,
  session_expiry_interval = 0x11,
  assigned_client_identifier = 0x12,
  server_keep_alive = 0x13,
  authentication_method = 0x15,
  authentication_data = 0x16,
  request_problem_information = 0x17,
  will_delay_interval = 0x18,
  request_response_information = 0x19,
  response_information = 0x1A,
  server_reference = 0x1C,
  reason_string = 0x1F,
  receive_maximum = 0x21,
  topic_alias_maximum = 0x22,
  topic_alias = 0x23,
  maximum_qos = 0x24,
  retain_available = 0x25,
  user_property = 0x26,
  maximum_packet_size = 0x27,
  wildcard_subscription_available = 0x28,
  subscription_identifier_available = 0x29,
  shared_subscription_available = 0x2A,
};

inline constexpr uint64_t property_bit(Property property) {
  return uint64_t(1) << static_cast<uint8_t>(property);
}
template <class... P>
constexpr uint64_t property_set(P... properties) {
  return (property_bit(properties) | ... | 0);
}

struct Properties {
  uint64_t present = 0;  // property_bit()s

  uint8_t payload_format_indicator = 0;
  uint8_t request_problem_information = 1;
  uint8_t request_response_information = 0;
  uint8_t maximum_qos = 2;
  uint8_t retain_available = 1;
  uint8_t wildcard_subscription_available = 1;
  uint8_t subscription_identifier_available = 1;
  uint8_t shared_subscription_available = 1;
  uint16_t server_keep_alive = 0;
  uint16_t receive_maximum = 65535;
  uint16_t topic_alias_maximum = 0;
  uint16_t topic_alias = 0;
  uint32_t message_expiry_s = 0;
  uint32_t session_expiry_s = 0;
  uint32_t will_delay_s = 0;
  uint32_t maximum_packet_size = 0;
  std::string_view content_type, response_topic, correlation_data, assigned_client_id,
      authentication_method, authentication_data, response_information, server_reference,
      reason_string;
  std::vector<uint32_t> subscription_ids;
  std::vector<std::pair<std::string_view, std::string_view>> user;

  bool has(Property property) const { return (present & property_bit(property)) != 0; }
  void mark(Property property) { present |= property_bit(property); }
};

// Reads a property length and that many bytes of properties. A property outside `allowed` or with a
// value of the wrong shape is malformed (0x81); one given twice, or with a value the standard
// forbids, is a protocol error (0x82).
MaybeFault decode_properties(ByteReader& reader, uint64_t allowed, Properties& out);

// Writes the length and the present properties, in ascending order of their identifiers.
void encode_properties(const Properties& properties, ByteWriter& out);

}  // namespace weir::mqtt
