#include "mqtt/packet.h"
#include "mqtt/text.h"

namespace weir::mqtt {
namespace {

MaybeFault decode_options(uint8_t bits, Version version, SubscriptionOptions& out) {
  out.qos = bits & 3;
  if (out.qos == 3) {
    if (version != Version::v5) return malformed("a subscription with QoS 3");
    return against_protocol("a subscription with QoS 3");
  }
  if (version != Version::v5) {
    if (bits > 2) return malformed("reserved subscription bits are set");
    return std::nullopt;
  }
  if (bits & 0xC0) return malformed("reserved subscription option bits are set");
  out.no_local = (bits & 0x04) != 0;
  out.retain_as_published = (bits & 0x08) != 0;
  uint8_t handling = bits >> 4 & 3;
  if (handling == 3) return against_protocol("retain handling 3");
  out.retain_handling = static_cast<RetainHandling>(handling);
  return std::nullopt;
}

}  // namespace

MaybeFault decode_subscribe(const Frame& frame, Version version, Subscribe& out) {
  if (!has_request_flags(frame, version)) return malformed("the fixed header's flags are not 0010");
  ByteReader reader(frame.body);
  out.packet_id = reader.be<uint16_t>();
  if (!reader.ok() || out.packet_id == 0) return malformed("no packet identifier");
  if (version == Version::v5) {
    constexpr uint64_t kAllowed =
        property_set(Property::subscription_identifier, Property::user_property);
    if (MaybeFault fault = decode_properties(reader, kAllowed, out.properties)) return fault;
    if (out.properties.subscription_ids.size() > 1) {
      return against_protocol("a subscription identifier given twice");
    }
  }
  if (reader.at_end()) return against_protocol("a SUBSCRIBE without a topic filter");
  while (!reader.at_end()) {
    SubscribeEntry entry;
    entry.filter = read_text(reader);
    uint8_t bits = reader.u8();
    if (!reader.ok()) return malformed("a topic filter is cut short or not valid text");
    if (MaybeFault fault = decode_options(bits, version, entry.options)) return fault;
    out.entries.push_back(entry);
  }
  return std::nullopt;
}

}  // namespace weir::mqtt
