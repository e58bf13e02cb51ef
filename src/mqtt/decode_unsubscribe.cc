#include "mqtt/packet.h"
#include "mqtt/text.h"

namespace weir::mqtt {

MaybeFault decode_unsubscribe(const Frame& frame, Version version, Unsubscribe& out) {
  if (!has_request_flags(frame, version)) return malformed("the fixed header's flags are not 0010");
  ByteReader reader(frame.body);
  out.packet_id = reader.be<uint16_t>();
  if (!reader.ok() || out.packet_id == 0) return malformed("no packet identifier");
  if (version == Version::v5) {
    constexpr uint64_t kAllowed = property_set(Property::user_property);
    if (MaybeFault fault = decode_properties(reader, kAllowed, out.properties)) return fault;
  }
  if (reader.at_end()) return against_protocol("an UNSUBSCRIBE without a topic filter");
  while (!reader.at_end()) {
    out.filters.push_back(read_text(reader));
    if (!reader.ok()) return malformed("a topic filter is cut short or not valid text");
  }
  return std::nullopt;
}

}  // namespace weir::mqtt
