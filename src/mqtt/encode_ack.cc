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

}  // namespace weir::mqtt
