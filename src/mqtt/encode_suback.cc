#include "mqtt/packet.h"

namespace weir::mqtt {

void encode_suback(uint16_t packet_id, const std::vector<Reason>& reasons,
                   std::string_view reason_string, Version version, std::string& out) {
  std::string body;
  ByteWriter writer(body);
  writer.be<uint16_t>(packet_id);
  if (version == Version::v5) {
    Properties properties;
    properties.reason_string = reason_string;
    if (!reason_string.empty()) properties.mark(Property::reason_string);
    encode_properties(properties, writer);
  }
  for (Reason reason : reasons) {
    bool refused = reason >= Reason::unspecified_error;
    if (refused && version != Version::v5) reason = Reason::unspecified_error;
    writer.u8(static_cast<uint8_t>(reason));
  }
  append_frame(PacketType::suback, 0, body, out);
}

void encode_unsuback(uint16_t packet_id, const std::vector<Reason>& reasons, Version version,
                     std::string& out) {
  std::string body;
  ByteWriter writer(body);
  writer.be<uint16_t>(packet_id);
  if (version == Version::v5) {
    writer.u8(0);
    for (Reason reason : reasons) writer.u8(static_cast<uint8_t>(reason));
  }
  append_frame(PacketType::unsuback, 0, body, out);
}

}  // namespace weir::mqtt
