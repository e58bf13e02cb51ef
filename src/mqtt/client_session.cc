#include "mqtt/client_session.h"

#include <algorithm>

#include "mqtt/outgoing.h"

namespace weir::mqtt {
namespace {
// The first byte of a CONNACK: a peer that begins otherwise need not be waited for.
constexpr uint8_t kConnackByte = 0x20;
}  // namespace

ClientSession::ClientSession(ClientOptions options)
    : options_(std::move(options)), outbox_(options_.outbox), held_(options_.held_filters) {}

void ClientSession::set_version(Version version, bool is_bridge) {
  options_.version = version;
  options_.is_bridge = is_bridge;
}

void ClientSession::connect(Now now, ClientOutput& out) {
  connection_lost();
  bool v5 = options_.version == Version::v5;
  Connect packet;
  packet.version = options_.version;
  packet.is_bridge = options_.is_bridge && !v5;
  // 3.1.1 §3.1.3.1: without an identifier there is no session to keep.
  packet.clean_start = options_.clean_start || (!v5 && options_.client_id.empty());
  packet.keep_alive_s = options_.keep_alive_s;
  packet.client_id = options_.client_id;
  if (options_.user) packet.user = *options_.user;
  if (options_.password) packet.password = *options_.password;
  // 3.1.1 §3.1.2.9: no password without a user name.
  if (!v5 && packet.password && !packet.user) packet.user = "";
  if (options_.will) {
    packet.will.emplace();
    packet.will->topic = options_.will->topic;
    packet.will->payload = options_.will->payload;
    packet.will->qos = options_.will->qos;
    packet.will->retain = options_.will->retain;
  }
  if (v5) {
    Properties& properties = packet.properties;
    auto say = [&](Property property, bool differs) {
      if (differs) properties.mark(property);
    };
    properties.session_expiry_s = options_.session_expiry_s;
    say(Property::session_expiry_interval, options_.session_expiry_s != 0);
    properties.receive_maximum = options_.receive_maximum;
    say(Property::receive_maximum, options_.receive_maximum != 65535);
    properties.maximum_packet_size = options_.packet_bytes_max;
    say(Property::maximum_packet_size, true);
    properties.topic_alias_maximum = kTopicAliases;
    say(Property::topic_alias_maximum, true);
    aliases_.assign(kTopicAliases, {});
  }
  encode_connect(packet, out.bytes);
  state_ = State::connecting;
  keep_alive_ms_ = int64_t(options_.keep_alive_s) * 1000;
  last_sent_ms_ = last_received_ms_ = now.ms;
  answer_due_ms_ = now.ms + options_.answer_ms_max;
}

void ClientSession::connection_lost() {
  if (state_ == State::idle) return;
  state_ = State::idle;
  inbox_.disconnected();
  outbox_.disconnected();
  tail_.clear();
  skip_bytes_ = 0;
  aliases_.clear();
  for (const auto& [packet_id, pending] : pending_) outbox_.free_packet_id(packet_id);
  pending_.clear();
  refused_.clear();
  answer_due_ms_ = INT64_MAX;
}

void ClientSession::disconnect(bool forget, ClientOutput& out) {
  if (state_ == State::connected) {
    Disconnect packet;
    if (forget && options_.version == Version::v5 && options_.session_expiry_s != 0) {
      packet.properties.mark(Property::session_expiry_interval);
    }
    encode_disconnect(packet, options_.version, out.bytes);
  }
  state_ = State::ended;
}

void ClientSession::consume(std::string_view bytes, Now now, ClientOutput& out) {
  if (state_ == State::idle || state_ == State::ended || bytes.empty()) return;
  last_received_ms_ = now.ms;
  size_t size_before = out.bytes.size();
  std::string joined;
  if (!tail_.empty()) {
    joined = std::exchange(tail_, {});
    joined.append(bytes);
    bytes = joined;
  }
  if (state_ == State::connecting && static_cast<uint8_t>(bytes[0]) != kConnackByte) {
    end(against_protocol("the answer to CONNECT is no CONNACK; is this an MQTT broker?"), out);
  }
  while (state_ != State::ended && !bytes.empty()) {
    if (skip_bytes_ != 0) {
      size_t skipped = static_cast<size_t>(std::min<uint64_t>(skip_bytes_, bytes.size()));
      skip_bytes_ -= skipped;
      bytes.remove_prefix(skipped);
      continue;
    }
    Frame frame;
    Cut cut = cut_frame(bytes, options_.packet_bytes_max, frame);
    if (cut == Cut::malformed) {
      end(malformed("bytes that are not MQTT"), out);
    } else if (cut == Cut::complete) {
      handle(frame, now, out);
      bytes.remove_prefix(frame.size_bytes);
    } else {
      size_t taken = cut == Cut::too_large ? pass_over(bytes, out) : 0;
      if (taken == 0) break;
      bytes.remove_prefix(taken);
    }
  }
  if (state_ == State::ended) {
    tail_.clear();
  } else if (!joined.empty() && bytes.size() == joined.size()) {
    tail_ = std::move(joined);  // a large packet still on its way
  } else {
    tail_ = bytes;
  }
  if (out.bytes.size() != size_before) last_sent_ms_ = now.ms;
}

// A PUBLISH beyond the limit, which only a 3.1.1 server may send: its beginning says what to
// acknowledge, the rest is not kept. Kept back, it would come again and block what follows for
// ever. Returns the bytes taken, 0 when more are needed.
size_t ClientSession::pass_over(std::string_view bytes, ClientOutput& out) {
  auto first = static_cast<uint8_t>(bytes[0]);
  uint8_t qos = first >> 1 & 3;
  uint64_t remaining = 0;
  size_t header = 1;
  for (int shift = 0; header < bytes.size(); shift += 7) {
    auto byte = static_cast<uint8_t>(bytes[header++]);
    remaining |= uint64_t(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) break;
  }
  if (PacketType(first >> 4) != PacketType::publish || state_ != State::connected || qos == 3) {
    end(Fault{Reason::packet_too_large, "a packet larger than the limit"}, out);
    return 0;
  }
  ByteReader reader(bytes.substr(header));
  uint16_t topic_size = reader.be<uint16_t>();
  std::string_view topic = reader.bytes(topic_size);
  uint16_t packet_id = qos > 0 ? reader.be<uint16_t>() : uint16_t(1);
  if (!reader.ok()) return 0;
  size_t taken = header + reader.position();
  if (reader.position() > remaining || packet_id == 0) {
    end(malformed("a PUBLISH cut short"), out);
    return 0;
  }
  skip_bytes_ = remaining - reader.position();
  if (qos > 0) {
    auto ticket = inbox_.add(packet_id, qos, options_.version, out.bytes);
    if (ticket) inbox_.settle(*ticket, Reason::quota_exceeded, options_.version, out.bytes);
  }
  out.events.emplace_back(UnusableEvent{std::string(topic), "a packet larger than the limit"});
  return taken;
}

void ClientSession::handle(const Frame& frame, Now now, ClientOutput& out) {
  if (MaybeFault fault = handle_packet(frame, now, out)) end(*fault, out);
}

MaybeFault ClientSession::handle_packet(const Frame& frame, Now now, ClientOutput& out) {
  if (state_ == State::connecting) {
    if (frame.type == PacketType::connack) return on_connack(frame, now, out);
    return against_protocol("a packet before the CONNACK");
  }
  switch (frame.type) {
    case PacketType::publish:
      return on_publish(frame, now, out);
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
      return on_acknowledgement(frame, now, out);
    case PacketType::suback:
    case PacketType::unsuback:
      return on_suback(frame, out);
    case PacketType::pingresp:
      answer_due_ms_ = INT64_MAX;
      return decode_ping(frame);
    case PacketType::disconnect:
      return on_disconnect(frame, out);
    default:
      return against_protocol("a packet that a server does not send");
  }
}

MaybeFault ClientSession::on_acknowledgement(const Frame& frame, Now now, ClientOutput& out) {
  Ack ack;
  if (MaybeFault fault = decode_ack(frame, options_.version, ack)) return fault;
  if (ack.type == PacketType::pubrel) {
    inbox_.on_pubrel(ack.packet_id, options_.version, out.bytes);
    return std::nullopt;
  }
  std::vector<ClientOutbox::Done> done;
  outbox_.on_acknowledgement(ack, now, {out.bytes, done});
  emit(done, out);
  return std::nullopt;
}

uint64_t ClientSession::publish(MessagePtr message, uint8_t qos, bool retain, Now now,
                                ClientOutput& out) {
  size_t size_before = out.bytes.size();
  uint64_t ticket = outbox_.add(std::move(message), qos, retain);
  std::vector<ClientOutbox::Done> done;
  outbox_.send(now, {out.bytes, done});
  emit(done, out);
  if (out.bytes.size() != size_before) last_sent_ms_ = now.ms;
  return ticket;
}

bool ClientSession::publish_unacknowledged(const Message& message, bool retain, Now now,
                                           ClientOutput& out) {
  if (state_ != State::connected) return false;
  size_t size_before = out.bytes.size();
  SendForm form{.version = options_.version, .qos = 0, .retain = retain && link_.retain_available};
  encode_message(message, form, now, out.bytes);
  if (out.bytes.size() - size_before > link_.packet_bytes_max) {
    out.bytes.resize(size_before);
    return false;
  }
  last_sent_ms_ = now.ms;
  return true;
}

void ClientSession::acknowledge(uint64_t ticket, Reason reason, ClientOutput& out) {
  inbox_.settle(ticket, reason, options_.version, out.bytes);
}

void ClientSession::emit(const std::vector<ClientOutbox::Done>& done, ClientOutput& out) {
  for (const ClientOutbox::Done& one : done) {
    out.events.emplace_back(PublishedEvent{one.ticket, one.reason});
  }
}

// A ping is due when either side has been silent for three quarters of the interval: what is sent
// into a dead connection would hide that nothing comes back.
int64_t ClientSession::deadline_ms() const {
  if (state_ != State::connecting && state_ != State::connected) return INT64_MAX;
  if (answer_due_ms_ != INT64_MAX || keep_alive_ms_ == 0) return answer_due_ms_;
  return std::min(last_sent_ms_, last_received_ms_) + keep_alive_ms_ * 3 / 4;
}

void ClientSession::on_time(Now now, ClientOutput& out) {
  if (now.ms < deadline_ms()) return;
  if (answer_due_ms_ != INT64_MAX) {
    bool connecting = state_ == State::connecting;
    return finish({.reason = Reason::keep_alive_timeout,
                   .why = connecting ? "the broker does not answer CONNECT"
                                     : "the broker does not answer a ping"},
                  out);
  }
  encode_ping(PacketType::pingreq, out.bytes);
  last_sent_ms_ = now.ms;
  answer_due_ms_ = now.ms + options_.answer_ms_max;
}

void ClientSession::excuse_silence(Now now) {
  if (state_ != State::connected) return;
  last_received_ms_ = now.ms;
  answer_due_ms_ = INT64_MAX;
}

void ClientSession::end(const Fault& fault, ClientOutput& out) {
  if (state_ == State::connected && options_.version == Version::v5) {
    Disconnect packet;
    packet.reason = fault.reason;
    encode_disconnect(packet, options_.version, out.bytes);
  }
  finish({.reason = fault.reason, .why = fault.why}, out);
}

void ClientSession::finish(EndedEvent event, ClientOutput& out) {
  state_ = State::ended;
  out.events.emplace_back(std::move(event));
}

}  // namespace weir::mqtt
