#include "mqtt/packet.h"

namespace weir::mqtt {
namespace {

bool is_known(PacketType type, Reason reason) {
  if (reason == Reason::success) return true;
  if (type == PacketType::pubrel || type == PacketType::pubcomp) {
    return reason == Reason::packet_identifier_not_found;
  }
  switch (reason) {
    case Reason::no_matching_subscribers:
    case Reason::unspecified_error:
    case Reason::implementation_specific_error:
    case Reason::not_authorized:
    case Reason::topic_name_invalid:
    case Reason::packet_identifier_in_use:
    case Reason::quota_exceeded:
    case Reason::payload_format_invalid:
      return true;
    default:
      return false;
  }
}

}  // namespace

MaybeFault decode_ack(const Frame& frame, Version version, Ack& out) {
  out.type = frame.type;
  bool is_pubrel = frame.type == PacketType::pubrel;
  if (is_pubrel ? !has_request_flags(frame, version) : frame.flags != 0) {
    return malformed("reserved flags set in the fixed header");
  }
  ByteReader reader(frame.body);
  out.packet_id = reader.be<uint16_t>();
  if (!reader.ok()) return malformed("an acknowledgement cut short");
  if (out.packet_id == 0) return against_protocol("packet identifier 0");
  // MQTT 5 §3.4.2.1: reason and property length may be left off when they say nothing.
  if (version == Version::v5 && !reader.at_end()) {
    out.reason = static_cast<Reason>(reader.u8());
    if (!is_known(out.type, out.reason)) return malformed("an unknown reason code");
    if (!reader.at_end()) {
      constexpr uint64_t kAllowed = property_set(Property::reason_string, Property::user_property);
      if (MaybeFault fault = decode_properties(reader, kAllowed, out.properties)) return fault;
    }
  }
  if (!reader.at_end()) return malformed("bytes after the end of an acknowledgement");
  return std::nullopt;
}

}  // namespace weir::mqtt
