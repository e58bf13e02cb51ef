#include "mqtt/packet.h"

namespace weir::mqtt {

MaybeFault decode_server_disconnect(const Frame& frame, Version version, Disconnect& out) {
  if (frame.flags != 0) return malformed("reserved flags set in the fixed header");
  if (version != Version::v5) return against_protocol("a DISCONNECT from a server");
  ByteReader reader(frame.body);
  if (reader.at_end()) return std::nullopt;
  out.reason = static_cast<Reason>(reader.u8());
  if (!reader.at_end()) {
    constexpr uint64_t kAllowed =
        property_set(Property::reason_string, Property::user_property, Property::server_reference);
    if (MaybeFault fault = decode_properties(reader, kAllowed, out.properties)) return fault;
  }
  if (!reader.at_end()) return malformed("bytes after the end of a DISCONNECT");
  return std::nullopt;
}

}  // namespace weir::mqtt
