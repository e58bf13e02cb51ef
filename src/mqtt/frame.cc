#include "mqtt/packet.h"
#include "mqtt/text.h"

namespace weir::mqtt {

Cut cut_frame(std::string_view bytes, uint32_t packet_bytes_max, Frame& out) {
  if (bytes.empty()) return Cut::incomplete;
  auto first = static_cast<uint8_t>(bytes[0]);
  if ((first >> 4) == 0) return Cut::malformed;  // type 0 is reserved
  uint32_t remaining = 0;
  size_t header = 1;
  for (int shift = 0;; shift += 7, header++) {
    if (header > 4) return Cut::malformed;  // a fifth length byte
    if (header == bytes.size()) return Cut::incomplete;
    auto byte = static_cast<uint8_t>(bytes[header]);
    remaining |= uint32_t(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) break;
  }
  header++;
  if (header + remaining > packet_bytes_max) return Cut::too_large;
  if (bytes.size() - header < remaining) return Cut::incomplete;
  out.type = static_cast<PacketType>(first >> 4);
  out.flags = first & 0x0F;
  out.body = bytes.substr(header, remaining);
  out.size_bytes = header + remaining;
  out.is_padded = header > 2 && bytes[header - 1] == 0;
  return Cut::complete;
}

void append_frame(PacketType type, uint8_t flags, std::string_view body, std::string& out) {
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(static_cast<uint8_t>(type) << 4 | flags));
  write_variable_integer(writer, static_cast<uint32_t>(body.size()));
  writer.bytes(body);
}

bool has_request_flags(const Frame& frame, Version version) {
  return frame.flags == 2 || (version == Version::v31 && frame.flags == 10);
}

MaybeFault decode_ping(const Frame& frame) {
  if (frame.flags != 0) return malformed("reserved flags set in the fixed header");
  if (!frame.body.empty()) return malformed("a ping with a body");
  return std::nullopt;
}

void encode_ping(PacketType type, std::string& out) { append_frame(type, 0, {}, out); }

}  // namespace weir::mqtt
