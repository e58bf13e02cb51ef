#include "mqtt/packet.h"

namespace weir::mqtt {

void encode_connack(const Connack& packet, Version version, std::string& out) {
  bool v5 = version == Version::v5;
  std::string body;
  ByteWriter writer(body);
  // 3.1 reserves the byte.
  writer.u8(packet.session_present && version != Version::v31 ? 1 : 0);
  writer.u8(v5 ? static_cast<uint8_t>(packet.reason) : connack_code_311(packet.reason));
  if (v5) encode_properties(packet.properties, writer);
  append_frame(PacketType::connack, 0, body, out);
}

}  // namespace weir::mqtt
