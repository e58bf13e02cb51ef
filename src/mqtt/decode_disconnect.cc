#include "mqtt/packet.h"

namespace weir::mqtt {
namespace {

// What a client may give as its reason (§3.14.2.1).
bool is_a_clients(Reason reason) {
  switch (reason) {
    case Reason::success:
    case Reason::disconnect_with_will:
    case Reason::unspecified_error:
    case Reason::malformed_packet:
    case Reason::protocol_error:
    case Reason::implementation_specific_error:
    case Reason::topic_name_invalid:
    case Reason::receive_maximum_exceeded:
    case Reason::topic_alias_invalid:
    case Reason::packet_too_large:
    case Reason::message_rate_too_high:
    case Reason::quota_exceeded:
    case Reason::administrative_action:
    case Reason::payload_format_invalid:
      return true;
    default:
      return false;
  }
}

}  // namespace

MaybeFault decode_disconnect(const Frame& frame, Version version, Disconnect& out) {
  if (frame.flags != 0) return malformed("reserved flags set in the fixed header");
  ByteReader reader(frame.body);
  if (version == Version::v5 && !reader.at_end()) {
    out.reason = static_cast<Reason>(reader.u8());
    if (!is_a_clients(out.reason)) return malformed("a reason code that is not a client's");
    if (!reader.at_end()) {
      constexpr uint64_t kAllowed = property_set(Property::session_expiry_interval,
                                                 Property::reason_string, Property::user_property);
      if (MaybeFault fault = decode_properties(reader, kAllowed, out.properties)) return fault;
    }
  }
  if (!reader.at_end()) return malformed("bytes after the end of a DISCONNECT");
  return std::nullopt;
}

}  // namespace weir::mqtt
