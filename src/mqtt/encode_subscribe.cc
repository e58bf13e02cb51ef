#include "mqtt/packet.h"
#include "mqtt/text.h"

namespace weir::mqtt {

void encode_subscribe(const Subscribe& packet, Version version, std::string& out) {
  std::string body;
  ByteWriter writer(body);
  writer.be<uint16_t>(packet.packet_id);
  if (version == Version::v5) encode_properties(packet.properties, writer);
  for (const SubscribeEntry& entry : packet.entries) {
    write_binary(writer, entry.filter);
    const SubscriptionOptions& options = entry.options;
    unsigned bits = options.qos;
    if (version == Version::v5) {
      bits |= unsigned(options.no_local) << 2 | unsigned(options.retain_as_published) << 3 |
              unsigned(options.retain_handling) << 4;
    }
    writer.u8(static_cast<uint8_t>(bits));
  }
  append_frame(PacketType::subscribe, 2, body, out);
}

}  // namespace weir::mqtt
