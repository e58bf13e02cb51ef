// Protocol: CONNECT and CONNACK.
#include <algorithm>

#include "base/assert.h"
#include "mqtt/protocol.h"
#include "mqtt/publish_properties.h"
#include "mqtt/topic.h"

namespace weir::mqtt {
namespace {

MaybeFault check_will(const WillFields& will, Version version, const ProtocolLimits& limits) {
  if (!is_valid_topic_name(will.topic)) {
    return Fault{Reason::topic_name_invalid, "the will's topic is not a valid topic name"};
  }
  // A bridge of Mosquitto has such a will and no way to do without: it comes in, the will does not.
  if (is_servers_topic(will.topic) && !will.topic.starts_with(kBridgeStates)) {
    return Fault{Reason::not_authorized, "a will to a topic of the server's own"};
  }
  // A 3.x client cannot be told what is not offered: it gets what there is (make_will).
  if (version == Version::v5 && will.qos > limits.maximum_qos) {
    return Fault{Reason::qos_not_supported, "a will above the maximum QoS"};
  }
  if (version == Version::v5 && will.retain && !limits.retain_available) {
    return Fault{Reason::retain_not_supported, "a retained will where none is kept"};
  }
  return check_publish_properties(will.properties);
}

std::unique_ptr<Message> make_will(const WillFields& will, const ProtocolLimits& limits, Now now) {
  auto message = std::make_unique<Message>();
  message->topic = will.topic;
  message->payload = will.payload;
  message->qos = std::min(will.qos, limits.maximum_qos);
  message->retain = will.retain && limits.retain_available;
  message->properties = copy_publish_properties(will.properties);
  message->received_ns = now.wall_ns;
  return message;
}

}  // namespace

MaybeFault Protocol::on_connect(const Frame& frame, Now now, Actions& out) {
  Connect packet;
  MaybeFault fault = decode_connect(frame, packet);
  version_ = packet.version;
  version_known_ = packet.version_known;
  is_bridge_ = packet.is_bridge;
  const Properties& properties = packet.properties;
  if (properties.has(Property::maximum_packet_size)) {
    client_packet_bytes_max_ = properties.maximum_packet_size;
  }
  // MQTT 5 would let the server explain itself to every client that does not object. It does so to
  // those that ask: the others are mostly devices that have no use for the bytes.
  tells_why_ = version_ == Version::v5 && properties.has(Property::request_problem_information) &&
               properties.request_problem_information == 1;
  if (fault) return fault;
  if (frame.is_padded && version_ == Version::v5) return padded_length();
  if (properties.has(Property::authentication_method)) {
    return Fault{Reason::bad_authentication_method, "enhanced authentication is not offered"};
  }
  if (packet.client_id.empty()) {
    if (version_ == Version::v31) {
      return Fault{Reason::client_identifier_not_valid, "no client identifier"};
    }
    if (version_ == Version::v311 && !packet.clean_start) {
      return Fault{Reason::client_identifier_not_valid, "no client identifier for a kept session"};
    }
  }
  if (packet.will) {
    if (MaybeFault bad = check_will(*packet.will, version_, limits_)) return bad;
  }

  auto request = std::make_unique<ConnectRequest>();
  request->version = version_;
  request->packet_bytes = frame.size_bytes;
  request->client_id = packet.client_id;
  request->clean_start = packet.clean_start;
  if (version_ == Version::v5) {
    request->session_expiry_s = properties.session_expiry_s;
  } else {
    request->session_expiry_s = packet.clean_start ? 0 : UINT32_MAX;  // 3.x: kept, or not at all
  }
  session_expiry_s_ = request->session_expiry_s;
  keep_alive_s_ = packet.keep_alive_s;
  if (version_ == Version::v5 && limits_.keep_alive_s_max < 65535) {
    keep_alive_capped_ = keep_alive_s_ == 0 || keep_alive_s_ > limits_.keep_alive_s_max;
    if (keep_alive_capped_) keep_alive_s_ = limits_.keep_alive_s_max;
  }
  keep_alive_ms_ = int64_t(keep_alive_s_) * 1500;
  request->keep_alive_s = keep_alive_s_;
  request->receive_maximum = properties.receive_maximum;
  request->packet_bytes_max = client_packet_bytes_max_;
  request->topic_alias_maximum =
      std::min(properties.topic_alias_maximum, limits_.topic_alias_maximum);
  if (packet.user) request->user = std::string(*packet.user);
  if (packet.password) request->password = std::string(*packet.password);
  if (packet.will && !is_servers_topic(packet.will->topic)) {
    request->will = make_will(*packet.will, limits_, now);
    request->will_delay_s = packet.will->properties.will_delay_s;
  }
  state_ = State::deciding;
  out.list.emplace_back(ConnectAction{std::move(request)});
  return std::nullopt;
}

std::string Protocol::accept(const Acceptance& acceptance) {
  WEIR_ASSERT(state_ == State::deciding, "accept() answers a CONNECT");
  client_id_ = acceptance.client_id;
  identity_ = acceptance.identity;
  Connack packet;
  packet.session_present = acceptance.session_present;
  if (version_ == Version::v5) {
    // Only what differs from the standard's default: a client may take very small packets only.
    Properties& p = packet.properties;
    auto tell = [&](Property property, bool differs) {
      if (differs) p.mark(property);
    };
    p.maximum_qos = limits_.maximum_qos;
    tell(Property::maximum_qos, limits_.maximum_qos < 2);
    p.retain_available = limits_.retain_available ? 1 : 0;
    tell(Property::retain_available, !limits_.retain_available);
    p.receive_maximum = limits_.receive_maximum;
    tell(Property::receive_maximum, limits_.receive_maximum != 65535);
    p.maximum_packet_size = limits_.packet_bytes_max;
    tell(Property::maximum_packet_size, limits_.packet_bytes_max < kPacketBytesMost);
    p.topic_alias_maximum = limits_.topic_alias_maximum;
    tell(Property::topic_alias_maximum, limits_.topic_alias_maximum != 0);
    p.server_keep_alive = keep_alive_s_;
    tell(Property::server_keep_alive, keep_alive_capped_);
    p.assigned_client_id = client_id_;
    tell(Property::assigned_client_identifier, acceptance.assigned);
  }
  std::string bytes;
  encode_connack(packet, version_, bytes);
  if (bytes.size() > client_packet_bytes_max_) {
    state_ = State::ended;
    bytes.clear();
  } else {
    state_ = State::connected;
  }
  return bytes;
}

}  // namespace weir::mqtt
