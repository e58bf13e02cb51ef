#include "mqtt/packet.h"
#include "mqtt/text.h"

namespace weir::mqtt {

size_t encode_publish(const Publish& packet, Version version, std::string& out) {
  std::string properties;
  if (version == Version::v5) {
    ByteWriter writer(properties);
    encode_properties(packet.properties, writer);
  }
  size_t body = 2 + packet.topic.size() + (packet.qos > 0 ? 2 : 0) + properties.size() +
                packet.payload.size();
  ByteWriter writer(out);
  unsigned flags =
      unsigned(packet.duplicate) << 3 | unsigned(packet.qos) << 1 | unsigned(packet.retain);
  writer.u8(static_cast<uint8_t>(unsigned(PacketType::publish) << 4 | flags));
  write_variable_integer(writer, static_cast<uint32_t>(body));
  write_binary(writer, packet.topic);
  size_t id_at = out.size();
  if (packet.qos > 0) writer.be<uint16_t>(packet.packet_id);
  writer.bytes(properties);
  writer.bytes(packet.payload);
  return id_at;
}

}  // namespace weir::mqtt
