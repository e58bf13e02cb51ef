#include "mqtt/packet_words.h"

#include <fmt/core.h>

#include <array>

namespace weir::mqtt {
namespace {

// Filters listed of one SUBSCRIBE: a line is for reading.
constexpr size_t kListedMax = 8;

void add(std::string& text, std::string_view words) {
  if (!text.empty()) text += ", ";
  text += words;
}

std::string in_hex(Reason reason) {
  return fmt::format("{} (0x{:02X})", to_string(reason), static_cast<unsigned>(reason));
}

std::string connack_words(const Frame& frame, Version version) {
  Connack packet;
  if (decode_connack(frame, version, packet)) return "cannot be read";
  std::string text;
  if (version == Version::v5) {
    text = packet.reason == Reason::success ? "accepted" : in_hex(packet.reason);
  } else {
    text = packet.code_311 == 0 ? "accepted" : fmt::format("refused, code {}", packet.code_311);
  }
  if (packet.session_present) add(text, "session present");
  return text;
}

PacketWords publish_words(const Frame& frame, Version version, std::string_view alias_topic) {
  Publish packet;
  if (decode_publish(frame, version, packet)) return {"cannot be read", {}, {}};
  PacketWords words{"", packet.topic.empty() ? alias_topic : packet.topic, packet.payload};
  std::string& text = words.text;
  text = words.topic;
  add(text, fmt::format("QoS {}", packet.qos));
  if (packet.qos > 0) add(text, fmt::format("id {}", packet.packet_id));
  if (packet.retain) add(text, "retain");
  if (packet.duplicate) add(text, "again (DUP)");
  if (packet.properties.has(Property::topic_alias)) {
    add(text, fmt::format("alias {}", packet.properties.topic_alias));
  }
  if (packet.properties.has(Property::message_expiry_interval)) {
    add(text, fmt::format("expires in {} s", packet.properties.message_expiry_s));
  }
  for (uint32_t id : packet.properties.subscription_ids) {
    add(text, fmt::format("subscription {}", id));
  }
  add(text, fmt::format("payload {} B", packet.payload.size()));
  return words;
}

std::string ack_words(const Frame& frame, Version version) {
  Ack packet;
  if (decode_ack(frame, version, packet)) return "cannot be read";
  std::string text = fmt::format("id {}", packet.packet_id);
  if (packet.reason != Reason::success) add(text, in_hex(packet.reason));
  return text;
}

std::string subscribe_words(const Frame& frame, Version version) {
  Subscribe packet;
  if (decode_subscribe(frame, version, packet)) return "cannot be read";
  std::string text = fmt::format("id {}", packet.packet_id);
  for (size_t i = 0; i < packet.entries.size(); i++) {
    if (i == kListedMax) {
      add(text, fmt::format("{} more", packet.entries.size() - i));
      break;
    }
    add(text, fmt::format("{} QoS {}", packet.entries[i].filter, packet.entries[i].options.qos));
  }
  return text;
}

std::string unsubscribe_words(const Frame& frame, Version version) {
  Unsubscribe packet;
  if (decode_unsubscribe(frame, version, packet)) return "cannot be read";
  std::string text = fmt::format("id {}", packet.packet_id);
  for (size_t i = 0; i < packet.filters.size(); i++) {
    if (i == kListedMax) {
      add(text, fmt::format("{} more", packet.filters.size() - i));
      break;
    }
    add(text, packet.filters[i]);
  }
  return text;
}

std::string suback_words(const Frame& frame, Version version) {
  Suback packet;
  if (decode_suback(frame, version, packet)) return "cannot be read";
  std::string text = fmt::format("id {}", packet.packet_id);
  for (Reason reason : packet.reasons) {
    const auto code = static_cast<unsigned>(reason);
    add(text, code <= 2 && frame.type == PacketType::suback ? fmt::format("granted QoS {}", code)
              : reason == Reason::success                   ? std::string("done")
                                                            : in_hex(reason));
  }
  return text;
}

std::string disconnect_words(const Frame& frame, Version version) {
  Disconnect packet;
  if (decode_disconnect(frame, version, packet)) {  // a client's; or else the server's
    packet = {};
    if (decode_server_disconnect(frame, version, packet)) return "cannot be read";
  }
  return packet.reason == Reason::success ? std::string("normal") : in_hex(packet.reason);
}

}  // namespace

std::string_view packet_name(PacketType type) {
  constexpr std::array<std::string_view, 16> kNames = {
      "reserved", "CONNECT",  "CONNACK",    "PUBLISH", "PUBACK",      "PUBREC",
      "PUBREL",   "PUBCOMP",  "SUBSCRIBE",  "SUBACK",  "UNSUBSCRIBE", "UNSUBACK",
      "PINGREQ",  "PINGRESP", "DISCONNECT", "AUTH"};
  return kNames[static_cast<size_t>(type) & 15];
}

PacketWords packet_words(const Frame& frame, Version version, std::string_view alias_topic) {
  switch (frame.type) {
    case PacketType::publish:
      return publish_words(frame, version, alias_topic);
    case PacketType::connack:
      return {connack_words(frame, version), {}, {}};
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
      return {ack_words(frame, version), {}, {}};
    case PacketType::subscribe:
      return {subscribe_words(frame, version), {}, {}};
    case PacketType::suback:
    case PacketType::unsuback:
      return {suback_words(frame, version), {}, {}};
    case PacketType::unsubscribe:
      return {unsubscribe_words(frame, version), {}, {}};
    case PacketType::disconnect:
      return {disconnect_words(frame, version), {}, {}};
    default:
      return {};
  }
}

}  // namespace weir::mqtt
