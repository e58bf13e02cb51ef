#include "mqtt/protocol.h"

#include <algorithm>

#include "base/assert.h"
#include "mqtt/metrics.h"

namespace weir::mqtt {

namespace {

// What comes to the wrong port, told in words; null for what may be MQTT.
const char* what_else_is_spoken(std::string_view first) {
  if (first.starts_with("\x16\x03")) return "a TLS handshake, to a port without TLS";
  if (first.starts_with("GET ")) return "an HTTP request, to a port for MQTT alone";
  return nullptr;
}

}  // namespace

Protocol::Protocol(const ProtocolLimits& limits, Now now)
    : limits_(limits), started_ms_(now.ms), last_packet_ms_(now.ms) {}

void Protocol::consume(std::string_view bytes, Now now, Actions& out) {
  if (state_ == State::ended) return;
  if (state_ == State::deciding) {
    tail_.append(bytes);
    return;
  }
  if (tail_.empty()) {
    size_t used = consume_frames(bytes, now, out);
    if (state_ != State::ended) tail_.assign(bytes.substr(used));
  } else {
    tail_.append(bytes);
    size_t used = consume_frames(tail_, now, out);
    tail_.erase(0, used);
  }
  if (tail_.empty() && tail_.capacity() > 4096) tail_ = {};  // idle connections hold no buffer
}

size_t Protocol::consume_frames(std::string_view bytes, Now now, Actions& out) {
  size_t used = 0;
  if (state_ == State::awaiting_connect) {
    if (const char* other = what_else_is_spoken(bytes)) end(malformed(other), out);
  }
  while (state_ == State::awaiting_connect || state_ == State::connected) {
    Frame frame;
    bool is_first = state_ == State::awaiting_connect;
    uint32_t bytes_max = limits_.packet_bytes_max;
    if (is_first) bytes_max = std::min(bytes_max, kConnectBytesMax);
    Cut cut = cut_frame(bytes.substr(used), bytes_max, frame);
    if (cut == Cut::incomplete) break;
    if (cut == Cut::malformed) {
      end(malformed("a fixed header with a reserved type or five length bytes"), out);
    } else if (cut == Cut::too_large) {
      if (is_first) look_at_version(bytes);
      end({Reason::packet_too_large, "a packet above the maximum packet size"}, out);
    } else {
      used += frame.size_bytes;
      out.packets++;
      packet_tally.count_received(static_cast<size_t>(frame.type));
      last_packet_ms_ = now.ms;
      handle(frame, now, out);
      if (observer_ != nullptr) observer_->on_frame(frame);
    }
  }
  return used;
}

// Of a CONNECT that is not going to be read: enough to answer in MQTT 5, if that has come.
void Protocol::look_at_version(std::string_view connect) {
  constexpr std::string_view kVersion5("\0\4MQTT\5", 7);
  constexpr size_t kLengthBytes = 4;  // of one that is too large for fewer
  if (connect.empty() || connect[0] != '\x10') return;
  for (size_t length = 1; length <= kLengthBytes; length++) {
    if (connect.substr(std::min(connect.size(), 1 + length)).starts_with(kVersion5)) {
      version_ = Version::v5;
      version_known_ = true;
    }
  }
}

std::string_view Protocol::topic_of_alias(uint16_t alias) const {
  if (!aliases_) return {};
  auto found = aliases_->topics.find(alias);
  return found == aliases_->topics.end() ? std::string_view() : found->second;
}

void Protocol::handle(const Frame& frame, Now now, Actions& out) {
  if (MaybeFault fault = handle_packet(frame, now, out)) end(*fault, out);
}

Fault Protocol::padded_length() {
  return malformed("a remaining length longer than need be");  // [MQTT-1.5.5-1]
}

MaybeFault Protocol::handle_packet(const Frame& frame, Now now, Actions& out) {
  if (state_ == State::awaiting_connect) {
    if (frame.type == PacketType::connect) return on_connect(frame, now, out);
    return against_protocol("the first packet is not a CONNECT");
  }
  if (frame.is_padded && version_ == Version::v5) return padded_length();
  switch (frame.type) {
    case PacketType::publish:
      return on_publish(frame, now, out);
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
      return on_acknowledgement(frame, out);
    case PacketType::subscribe:
      return on_subscribe(frame, out);
    case PacketType::unsubscribe:
      return on_unsubscribe(frame, out);
    case PacketType::pingreq:
      if (MaybeFault fault = decode_ping(frame)) return fault;
      encode_ping(PacketType::pingresp, out.reply);
      return std::nullopt;
    case PacketType::disconnect:
      return on_disconnect(frame, out);
    case PacketType::connect:
      return against_protocol("a second CONNECT");
    case PacketType::auth:
      if (frame.flags != 0) return malformed("reserved flags set in the fixed header");
      return against_protocol("AUTH without an authentication method");
    case PacketType::connack:
    case PacketType::suback:
    case PacketType::unsuback:
    case PacketType::pingresp:
      return against_protocol("a packet only a server sends");
  }
  return malformed("a reserved packet type");
}

MaybeFault Protocol::on_acknowledgement(const Frame& frame, Actions& out) {
  Ack ack;
  if (MaybeFault fault = decode_ack(frame, version_, ack)) return fault;
  out.list.emplace_back(AnswerAction{ack.type, ack.packet_id, ack.reason});
  return std::nullopt;
}

MaybeFault Protocol::on_disconnect(const Frame& frame, Actions& out) {
  Disconnect packet;
  if (MaybeFault fault = decode_disconnect(frame, version_, packet)) return fault;
  EndAction action;
  action.reason = packet.reason;
  action.why = "the client disconnected";
  action.by_client = true;
  action.with_will = packet.reason != Reason::success;  // [MQTT-3.14.4-3]
  if (packet.properties.has(Property::session_expiry_interval)) {
    if (session_expiry_s_ == 0 && packet.properties.session_expiry_s != 0) {
      return against_protocol("a session expiry interval raised from 0 by DISCONNECT");
    }
    action.session_expiry_s = packet.properties.session_expiry_s;
  }
  state_ = State::ended;
  out.list.emplace_back(std::move(action));
  return std::nullopt;
}

// MQTT 5: the reason goes out in a DISCONNECT, or in a CONNACK before the connection stands.
// MQTT 3.x: only a CONNACK's codes can say anything.
void Protocol::end(const Fault& fault, Actions& out) {
  EndAction action{
      .reason = fault.reason, .why = fault.why, .session_expiry_s = {}, .farewell = {}};
  action.farewell = state_ == State::connected ? farewell(fault.reason, fault.why)
                                               : refuse(fault.reason, fault.why);
  state_ = State::ended;
  out.list.emplace_back(std::move(action));
}

int64_t Protocol::deadline_ms() const {
  switch (state_) {
    case State::awaiting_connect:
      return started_ms_ + limits_.connect_ms_max;
    case State::connected:
      return keep_alive_ms_ == 0 ? INT64_MAX : last_packet_ms_ + keep_alive_ms_;
    case State::deciding:
    case State::ended:
      break;
  }
  return INT64_MAX;
}

std::optional<EndAction> Protocol::on_time(Now now) {
  if (now.ms < deadline_ms()) return std::nullopt;
  EndAction action;
  if (state_ == State::awaiting_connect) {
    action.reason = Reason::maximum_connect_time;
    action.why = "no CONNECT in time";
    state_ = State::ended;
  } else {
    action.reason = Reason::keep_alive_timeout;
    action.why = "no packet for one and a half keep-alive intervals";
    action.farewell = farewell(Reason::keep_alive_timeout, action.why);
  }
  return action;
}

}  // namespace weir::mqtt
