#include "mqtt/packet.h"

namespace weir::mqtt {

void encode_disconnect(const Disconnect& packet, Version version, std::string& out) {
  std::string body;
  // Reason 0x00 without properties is what an empty DISCONNECT says (§3.14.2.1).
  if (version == Version::v5 &&
      (packet.reason != Reason::success || packet.properties.present != 0)) {
    ByteWriter writer(body);
    writer.u8(static_cast<uint8_t>(packet.reason));
    if (packet.properties.present != 0) encode_properties(packet.properties, writer);
  }
  append_frame(PacketType::disconnect, 0, body, out);
}

}  // namespace weir::mqtt
