// Any bytes as an MQTT packet: decoding does no harm, and what is decoded is encoded and decoded to
// the same again. The first byte chooses the version.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "mqtt/packet.h"

namespace weir::mqtt {
namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

Frame reframe(const std::string& bytes) {
  Frame frame;
  must(cut_frame(bytes, UINT32_MAX, frame) == Cut::complete);
  must(frame.size_bytes == bytes.size());
  return frame;
}

// Encodes what was decoded, decodes that and encodes it again: both encodings agree.
template <class Packet, class Decode, class Encode>
void round_trip(const Frame& frame, Decode decode, Encode encode) {
  Packet first;
  if (decode(frame, first)) return;
  std::string once;
  encode(first, once);
  Packet second;
  must(!decode(reframe(once), second));
  std::string twice;
  encode(second, twice);
  must(once == twice);
}

void try_frame(const Frame& frame, Version version) {
  switch (frame.type) {
    case PacketType::connect:
      return round_trip<Connect>(frame, decode_connect, encode_connect);
    case PacketType::connack:
      if (version != Version::v5) {
        Connack packet;
        (void)decode_connack(frame, version, packet);
        return;
      }
      return round_trip<Connack>(
          frame, [&](const Frame& f, Connack& p) { return decode_connack(f, version, p); },
          [&](const Connack& p, std::string& out) { encode_connack(p, version, out); });
    case PacketType::publish:
      return round_trip<Publish>(
          frame, [&](const Frame& f, Publish& p) { return decode_publish(f, version, p); },
          [&](const Publish& p, std::string& out) { encode_publish(p, version, out); });
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
      return round_trip<Ack>(
          frame, [&](const Frame& f, Ack& p) { return decode_ack(f, version, p); },
          [&](const Ack& p, std::string& out) { encode_ack(p, version, out); });
    case PacketType::subscribe:
      return round_trip<Subscribe>(
          frame, [&](const Frame& f, Subscribe& p) { return decode_subscribe(f, version, p); },
          [&](const Subscribe& p, std::string& out) { encode_subscribe(p, version, out); });
    case PacketType::unsubscribe: {
      Unsubscribe packet;
      (void)decode_unsubscribe(frame, version, packet);
      return;
    }
    case PacketType::disconnect:
      return round_trip<Disconnect>(
          frame, [&](const Frame& f, Disconnect& p) { return decode_disconnect(f, version, p); },
          [&](const Disconnect& p, std::string& out) { encode_disconnect(p, version, out); });
    default:
      (void)decode_ping(frame);
      return;
  }
}

}  // namespace
}  // namespace weir::mqtt

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::mqtt;
  if (size == 0) return 0;
  constexpr Version kVersions[] = {Version::v311, Version::v5, Version::v31};
  Version version = kVersions[data[0] % 3];
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Frame frame;
  while (cut_frame(bytes, 1 << 16, frame) == Cut::complete) {
    try_frame(frame, version);
    bytes.remove_prefix(frame.size_bytes);
  }
  return 0;
}
