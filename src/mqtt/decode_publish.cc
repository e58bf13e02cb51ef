#include "mqtt/packet.h"
#include "mqtt/text.h"

namespace weir::mqtt {
namespace {
// Subscription identifiers are a server's to send; the session refuses them from a client.
constexpr uint64_t kPublishProperties = property_set(
    Property::payload_format_indicator, Property::message_expiry_interval, Property::topic_alias,
    Property::response_topic, Property::correlation_data, Property::user_property,
    Property::subscription_identifier, Property::content_type);
}  // namespace

MaybeFault decode_publish(const Frame& frame, Version version, Publish& out) {
  out.retain = (frame.flags & 1) != 0;
  out.qos = frame.flags >> 1 & 3;
  out.duplicate = (frame.flags & 8) != 0;
  if (out.qos == 3) return malformed("QoS 3");
  if (out.qos == 0 && out.duplicate && version != Version::v31)
    return malformed("a duplicate with QoS 0");
  ByteReader reader(frame.body);
  out.topic = read_binary(reader);
  if (out.qos > 0) out.packet_id = reader.be<uint16_t>();
  if (!reader.ok()) return malformed("a PUBLISH cut short");
  if (out.qos > 0 && out.packet_id == 0) return against_protocol("packet identifier 0");
  if (version == Version::v5) {
    if (MaybeFault fault = decode_properties(reader, kPublishProperties, out.properties)) {
      return fault;
    }
  }
  out.payload = reader.rest();
  return std::nullopt;
}

}  // namespace weir::mqtt
