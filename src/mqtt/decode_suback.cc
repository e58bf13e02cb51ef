#include "mqtt/packet.h"

namespace weir::mqtt {

MaybeFault decode_suback(const Frame& frame, Version version, Suback& out) {
  if (frame.flags != 0) return malformed("reserved flags set in the fixed header");
  ByteReader reader(frame.body);
  out.packet_id = reader.be<uint16_t>();
  if (!reader.ok() || out.packet_id == 0) return malformed("no packet identifier");
  if (version == Version::v5) {
    constexpr uint64_t kAllowed = property_set(Property::reason_string, Property::user_property);
    if (MaybeFault fault = decode_properties(reader, kAllowed, out.properties)) return fault;
  }
  for (char code : reader.rest()) {
    out.reasons.push_back(static_cast<Reason>(static_cast<uint8_t>(code)));
  }
  if (out.reasons.empty() && (frame.type == PacketType::suback || version == Version::v5)) {
    return malformed("an answer to no topic filter");
  }
  return std::nullopt;
}

}  // namespace weir::mqtt
