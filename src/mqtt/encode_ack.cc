#include "mqtt/packet.h"

namespace weir::mqtt {

void encode_ack(PacketType type, uint16_t packet_id, Reason reason, Version version,
                std::string& out) {
  bool with_reason = version == Version::v5 && reason != Reason::success;
  ByteWriter writer(out);
  unsigned flags = type == PacketType::pubrel ? 2 : 0;
  writer.u8(static_cast<uint8_t>(unsigned(type) << 4 | flags));
  writer.u8(with_reason ? 3 : 2);
  writer.be<uint16_t>(packet_id);
  if (with_reason) writer.u8(static_cast<uint8_t>(reason));
}

void encode_ack(const Ack& packet, Version version, std::string& out) {
  if (version != Version::v5 || packet.properties.present == 0) {
    return encode_ack(packet.type, packet.packet_id, packet.reason, version, out);
  }
  std::string body;
  ByteWriter writer(body);
  writer.be<uint16_t>(packet.packet_id);
  writer.u8(static_cast<uint8_t>(packet.reason));
  encode_properties(packet.properties, writer);
  append_frame(packet.type, packet.type == PacketType::pubrel ? 2 : 0, body, out);
}

}  // namespace weir::mqtt
