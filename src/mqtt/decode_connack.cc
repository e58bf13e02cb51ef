#include "mqtt/packet.h"

namespace weir::mqtt {
namespace {
constexpr uint64_t kConnackProperties = property_set(
    Property::session_expiry_interval, Property::receive_maximum, Property::maximum_qos,
    Property::retain_available, Property::maximum_packet_size, Property::assigned_client_identifier,
    Property::topic_alias_maximum, Property::reason_string, Property::user_property,
    Property::wildcard_subscription_available, Property::subscription_identifier_available,
    Property::shared_subscription_available, Property::server_keep_alive,
    Property::response_information, Property::server_reference, Property::authentication_method,
    Property::authentication_data);
}  // namespace

MaybeFault decode_connack(const Frame& frame, Version version, Connack& out) {
  if (frame.flags != 0) return malformed("reserved flags set in the fixed header");
  ByteReader reader(frame.body);
  uint8_t flags = reader.u8();
  uint8_t code = reader.u8();
  if (!reader.ok() || flags > 1) return malformed("a CONNACK cut short or with unknown flags");
  out.session_present = flags == 1;
  if (version == Version::v5) {
    out.reason = static_cast<Reason>(code);
    if (MaybeFault fault = decode_properties(reader, kConnackProperties, out.properties)) {
      return fault;
    }
  } else {
    out.code_311 = code;
    out.reason = code == 0 ? Reason::success : Reason::unspecified_error;
  }
  if (!reader.at_end()) return malformed("bytes after the end of a CONNACK");
  return std::nullopt;
}

}  // namespace weir::mqtt
