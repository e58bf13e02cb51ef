// MQTT control packets, decoded and encoded: pure functions over bytes, one file per packet and
// direction.
//
// Decoded strings are views into the frame; whoever keeps them copies. A decoder answers nothing
// for a well-formed packet, or the Fault that the standard names for what is wrong with it.
// The versions share the structs: what a version lacks stays at its default (MQTT 3.1.1 §3, 5 §3).
// 3.1 differs from 3.1.1 in little more than its CONNECT. Used by the broker, by the publisher, and
// from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/properties.h"
#include "mqtt/reason.h"

namespace weir::mqtt {

enum class Version : uint8_t { v31 = 3, v311 = 4, v5 = 5 };

enum class PacketType : uint8_t {
  connect = 1,
  connack,
  publish,
  puback,
  pubrec,
  pubrel,
  pubcomp,
  subscribe,
  suback,
  unsubscribe,
  unsuback,
  pingreq,
  pingresp,
  disconnect,
  auth,
};

// What the remaining length can say, with the fixed header.
inline constexpr uint32_t kPacketBytesMost = 268'435'455 + 5;

// One packet's bytes: the fixed header taken apart, the rest not yet looked at.
struct Frame {
  PacketType type = PacketType::connect;
  uint8_t flags = 0;
  std::string_view body;
  size_t size_bytes = 0;   // with the fixed header
  bool is_padded = false;  // its length is not in the shortest form, which MQTT 5 demands
};

enum class Cut { complete, incomplete, malformed, too_large };
// Takes the first frame off `bytes`. `too_large` is told as soon as the length is known.
Cut cut_frame(std::string_view bytes, uint32_t packet_bytes_max, Frame& out);

struct WillFields {
  std::string_view topic, payload;
  uint8_t qos = 0;
  bool retain = false;
  Properties properties;
};
struct Connect {
  Version version = Version::v311;
  bool version_known = false;  // set before anything later in the packet can be at fault
  bool clean_start = true;
  // 3.x: the client says that it is a bridge, by the highest bit of the protocol level, as
  // Mosquitto's do: it wants none of its own messages back, and the retain flag as it is.
  bool is_bridge = false;
  uint16_t keep_alive_s = 0;
  std::string_view client_id;
  std::optional<WillFields> will;
  std::optional<std::string_view> user, password;
  Properties properties;
};
MaybeFault decode_connect(const Frame& frame, Connect& out);
void encode_connect(const Connect& packet, std::string& out);

struct Connack {
  bool session_present = false;
  Reason reason = Reason::success;  // 3.x has return codes: connack_code_311()
  uint8_t code_311 = 0;             // as decoded from a 3.1.1 server
  Properties properties;
};
MaybeFault decode_connack(const Frame& frame, Version version, Connack& out);
void encode_connack(const Connack& packet, Version version, std::string& out);

struct Publish {
  std::string_view topic, payload;
  uint16_t packet_id = 0;
  uint8_t qos = 0;
  bool retain = false, duplicate = false;
  Properties properties;
};
// Does not judge the topic beyond its text: an alias may stand for it.
MaybeFault decode_publish(const Frame& frame, Version version, Publish& out);
// Returns where in `out` the packet identifier is (QoS > 0), so that receivers can share the rest.
size_t encode_publish(const Publish& packet, Version version, std::string& out);

// PUBACK, PUBREC, PUBREL, PUBCOMP.
struct Ack {
  PacketType type = PacketType::puback;
  uint16_t packet_id = 0;
  Reason reason = Reason::success;
  Properties properties;
};
MaybeFault decode_ack(const Frame& frame, Version version, Ack& out);
// Without properties.
void encode_ack(PacketType type, uint16_t packet_id, Reason reason, Version version,
                std::string& out);
void encode_ack(const Ack& packet, Version version, std::string& out);

enum class RetainHandling : uint8_t { send = 0, send_if_new = 1, do_not_send = 2 };
struct SubscriptionOptions {
  uint8_t qos = 0;
  bool no_local = false, retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::send;
};
struct SubscribeEntry {
  std::string_view filter;
  SubscriptionOptions options;
};
struct Subscribe {
  uint16_t packet_id = 0;
  std::vector<SubscribeEntry> entries;
  Properties properties;
};
MaybeFault decode_subscribe(const Frame& frame, Version version, Subscribe& out);
void encode_subscribe(const Subscribe& packet, Version version, std::string& out);

struct Unsubscribe {
  uint16_t packet_id = 0;
  std::vector<std::string_view> filters;
  Properties properties;
};
MaybeFault decode_unsubscribe(const Frame& frame, Version version, Unsubscribe& out);
void encode_unsubscribe(const Unsubscribe& packet, Version version, std::string& out);

// One reason per entry of the SUBSCRIBE or UNSUBSCRIBE, and a text unless that is empty; 3.1.1 has
// 0x80 for every refusal, and an UNSUBACK without reasons.
void encode_suback(uint16_t packet_id, const std::vector<Reason>& reasons,
                   std::string_view reason_string, Version version, std::string& out);
void encode_unsuback(uint16_t packet_id, const std::vector<Reason>& reasons, Version version,
                     std::string& out);

// SUBACK and UNSUBACK as a client reads them; a 3.1.1 UNSUBACK has no reasons.
struct Suback {
  uint16_t packet_id = 0;
  std::vector<Reason> reasons;
  Properties properties;
};
MaybeFault decode_suback(const Frame& frame, Version version, Suback& out);

struct Disconnect {
  Reason reason = Reason::success;
  Properties properties;
};
MaybeFault decode_disconnect(const Frame& frame, Version version, Disconnect& out);
// A server's, whose reasons and properties are others than a client's.
MaybeFault decode_server_disconnect(const Frame& frame, Version version, Disconnect& out);
void encode_disconnect(const Disconnect& packet, Version version, std::string& out);

// PINGREQ and PINGRESP: nothing but a fixed header.
MaybeFault decode_ping(const Frame& frame);
void encode_ping(PacketType type, std::string& out);

// The flags of SUBSCRIBE, UNSUBSCRIBE and PUBREL: 0010. In 3.1 they are QoS 1 and may have DUP.
bool has_request_flags(const Frame& frame, Version version);

// Appends a fixed header and `body`.
void append_frame(PacketType type, uint8_t flags, std::string_view body, std::string& out);

inline Fault malformed(const char* why) { return {Reason::malformed_packet, why}; }
inline Fault against_protocol(const char* why) { return {Reason::protocol_error, why}; }

}  // namespace weir::mqtt
