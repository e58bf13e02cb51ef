#include "mqtt/packet.h"
#include "mqtt/text.h"

namespace weir::mqtt {

void encode_connect(const Connect& packet, std::string& out) {
  bool v5 = packet.version == Version::v5;
  std::string body;
  ByteWriter writer(body);
  write_binary(writer, packet.version == Version::v31 ? "MQIsdp" : "MQTT");
  writer.u8(static_cast<uint8_t>(unsigned(packet.version) | (packet.is_bridge ? 0x80u : 0)));
  unsigned flags = packet.clean_start ? 0x02 : 0;
  if (packet.will) flags |= 0x04u | unsigned(packet.will->qos) << 3;
  if (packet.will && packet.will->retain) flags |= 0x20;
  if (packet.password) flags |= 0x40;
  if (packet.user) flags |= 0x80;
  writer.u8(static_cast<uint8_t>(flags));
  writer.be<uint16_t>(packet.keep_alive_s);
  if (v5) encode_properties(packet.properties, writer);
  write_binary(writer, packet.client_id);
  if (packet.will) {
    if (v5) encode_properties(packet.will->properties, writer);
    write_binary(writer, packet.will->topic);
    write_binary(writer, packet.will->payload);
  }
  if (packet.user) write_binary(writer, *packet.user);
  if (packet.password) write_binary(writer, *packet.password);
  append_frame(PacketType::connect, 0, body, out);
}

}  // namespace weir::mqtt
