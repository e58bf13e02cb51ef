#include "mqtt/packet.h"
#include "mqtt/text.h"

namespace weir::mqtt {

void encode_unsubscribe(const Unsubscribe& packet, Version version, std::string& out) {
  std::string body;
  ByteWriter writer(body);
  writer.be<uint16_t>(packet.packet_id);
  if (version == Version::v5) encode_properties(packet.properties, writer);
  for (std::string_view filter : packet.filters) write_binary(writer, filter);
  append_frame(PacketType::unsubscribe, 2, body, out);
}

}  // namespace weir::mqtt
