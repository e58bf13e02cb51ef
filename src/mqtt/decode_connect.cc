#include "mqtt/packet.h"
#include "mqtt/text.h"

namespace weir::mqtt {
namespace {

constexpr uint64_t kConnectProperties = property_set(
    Property::session_expiry_interval, Property::receive_maximum, Property::maximum_packet_size,
    Property::topic_alias_maximum, Property::request_response_information,
    Property::request_problem_information, Property::user_property, Property::authentication_method,
    Property::authentication_data);
constexpr uint64_t kWillProperties =
    property_set(Property::will_delay_interval, Property::payload_format_indicator,
                 Property::message_expiry_interval, Property::content_type,
                 Property::response_topic, Property::correlation_data, Property::user_property);

// Bits of the Connect Flags (§3.1.2.3).
constexpr uint8_t kReserved = 0x01, kCleanStart = 0x02, kWill = 0x04, kWillRetain = 0x20,
                  kPassword = 0x40, kUser = 0x80;
// The bit of the level by which Mosquitto's bridges announce themselves.
constexpr uint8_t kBridge = 0x80;

// A level that is not known is refused in the form of the nearest one that is: a later version is
// likelier to read MQTT 5's CONNACK, an earlier one 3.1's.
MaybeFault decode_version(ByteReader& reader, Connect& out) {
  std::string_view name = read_binary(reader);
  uint8_t level = reader.u8();
  if (!reader.ok()) return malformed("a CONNECT cut short");
  bool is_31 = name == "MQIsdp";
  if (!is_31 && name != "MQTT") return malformed("neither the protocol name MQTT nor MQIsdp");
  out.version_known = true;
  out.is_bridge = (level & kBridge) != 0;
  level &= static_cast<uint8_t>(~kBridge);
  bool is_known = is_31 ? level == 3 : level == 4 || (level == 5 && !out.is_bridge);
  if (is_known) {
    out.version = static_cast<Version>(level);
    return std::nullopt;
  }
  out.version = level > 5 && !is_31 ? Version::v5 : Version::v311;
  return Fault{Reason::unsupported_protocol_version, "a protocol level other than 3, 4 and 5"};
}

MaybeFault check_flags(uint8_t flags, Version version) {
  bool is_31 = version == Version::v31;  // which leaves undefined what later versions forbid
  if ((flags & kReserved) && !is_31) return malformed("the reserved connect flag is set");
  uint8_t will_qos = flags >> 3 & 3;
  bool has_will = (flags & kWill) != 0;
  if (will_qos == 3 && (has_will || !is_31)) return malformed("will QoS 3");
  if (!has_will && !is_31 && (will_qos != 0 || (flags & kWillRetain))) {
    return malformed("will QoS or will retain without a will");
  }
  if (version != Version::v5 && (flags & kPassword) && !(flags & kUser)) {
    return malformed("a password without a user name");
  }
  return std::nullopt;
}

MaybeFault check_properties(const Properties& properties) {
  if (properties.has(Property::authentication_data) &&
      !properties.has(Property::authentication_method)) {
    return against_protocol("authentication data without a method");
  }
  return std::nullopt;
}

MaybeFault decode_will(ByteReader& reader, uint8_t flags, Connect& out) {
  WillFields& will = out.will.emplace();
  will.qos = flags >> 3 & 3;
  will.retain = (flags & kWillRetain) != 0;
  if (out.version == Version::v5) {
    if (MaybeFault fault = decode_properties(reader, kWillProperties, will.properties)) {
      return fault;
    }
  }
  will.topic = read_text(reader);
  will.payload = read_binary(reader);
  if (!reader.ok()) return malformed("a will cut short or not valid text");
  return std::nullopt;
}

}  // namespace

MaybeFault decode_connect(const Frame& frame, Connect& out) {
  ByteReader reader(frame.body);
  if (frame.flags != 0) return malformed("reserved flags set in the fixed header");
  if (MaybeFault fault = decode_version(reader, out)) return fault;
  uint8_t flags = reader.u8();
  out.keep_alive_s = reader.be<uint16_t>();
  if (!reader.ok()) return malformed("a CONNECT cut short");
  if (MaybeFault fault = check_flags(flags, out.version)) return fault;
  out.clean_start = (flags & kCleanStart) != 0;
  if (out.version == Version::v5) {
    if (MaybeFault fault = decode_properties(reader, kConnectProperties, out.properties)) {
      return fault;
    }
    if (MaybeFault fault = check_properties(out.properties)) return fault;
  }
  out.client_id = read_text(reader);
  if (!reader.ok()) return malformed("the client identifier is cut short or not valid text");
  if (flags & kWill) {
    if (MaybeFault fault = decode_will(reader, flags, out)) return fault;
  }
  // In 3.1 the flags may announce what then is missing, for the sake of still older clients.
  bool may_lack = out.version == Version::v31;
  if ((flags & kUser) && !(may_lack && reader.at_end())) out.user = read_text(reader);
  if ((flags & kPassword) && !(may_lack && reader.at_end())) out.password = read_binary(reader);
  if (!reader.ok()) return malformed("user name or password cut short or not valid text");
  if (!reader.at_end()) return malformed("bytes after the end of a CONNECT");
  return std::nullopt;
}

}  // namespace weir::mqtt
