// Protocol: answers that may say why, within what the client has asked for and takes.
#include "mqtt/protocol.h"

namespace weir::mqtt {
namespace {

// Encodes with the reason string, or without where that makes the packet too large, or nothing
// where it is too large even so: a client's maximum packet size admits no exception (§3.1.2.11.4).
template <class Encode>
void encode_within(size_t bytes_max, std::string_view why, std::string& out, Encode encode) {
  size_t before = out.size();
  encode(why);
  if (out.size() - before <= bytes_max) return;
  out.resize(before);
  if (why.empty()) return;
  encode(std::string_view());
  if (out.size() - before > bytes_max) out.resize(before);
}

void put_reason_string(std::string_view why, Properties& properties) {
  if (why.empty()) return;
  properties.reason_string = why;
  properties.mark(Property::reason_string);
}

}  // namespace

std::string Protocol::farewell(Reason reason, std::string_view why) {
  std::string bytes;
  if (version_ == Version::v5 && state_ == State::connected) {
    encode_within(client_packet_bytes_max_, tells_why_ ? why : "", bytes,
                  [&](std::string_view text) {
                    Disconnect packet{reason, {}};
                    put_reason_string(text, packet.properties);
                    encode_disconnect(packet, version_, bytes);
                  });
  }
  state_ = State::ended;
  return bytes;
}

std::string Protocol::refuse(Reason reason, std::string_view why) {
  state_ = State::ended;
  std::string bytes;
  bool can_say = version_known_ && (version_ == Version::v5 || connack_code_311(reason) != 0);
  if (!can_say) return bytes;
  encode_within(client_packet_bytes_max_, tells_why_ ? why : "", bytes, [&](std::string_view text) {
    Connack packet;
    packet.reason = reason;
    put_reason_string(text, packet.properties);
    encode_connack(packet, version_, bytes);
  });
  return bytes;
}

void Protocol::acknowledge(PacketType type, uint16_t packet_id, Reason reason, std::string_view why,
                           std::string& out) const {
  if (!tells_why_ || why.empty()) return encode_ack(type, packet_id, reason, version_, out);
  encode_within(client_packet_bytes_max_, why, out, [&](std::string_view text) {
    Ack packet{type, packet_id, reason, {}};
    put_reason_string(text, packet.properties);
    encode_ack(packet, version_, out);
  });
}

std::string Protocol::acknowledge_subscribe(uint16_t packet_id, const std::vector<Reason>& reasons,
                                            std::string_view why) const {
  std::string bytes;
  encode_within(client_packet_bytes_max_, tells_why_ ? why : "", bytes, [&](std::string_view text) {
    encode_suback(packet_id, reasons, text, version_, bytes);
  });
  return bytes;
}

std::string Protocol::acknowledge_unsubscribe(uint16_t packet_id,
                                              const std::vector<Reason>& reasons) const {
  std::string bytes;
  encode_within(client_packet_bytes_max_, "", bytes,
                [&](std::string_view) { encode_unsuback(packet_id, reasons, version_, bytes); });
  return bytes;
}

}  // namespace weir::mqtt
