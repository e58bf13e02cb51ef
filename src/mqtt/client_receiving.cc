// ClientSession: what a server sends: CONNACK, PUBLISH, SUBACK, DISCONNECT.
#include <algorithm>

#include "mqtt/client_session.h"
#include "mqtt/publish_properties.h"
#include "mqtt/text.h"
#include "mqtt/topic.h"

namespace weir::mqtt {
namespace {

// Filters in one SUBSCRIBE, and their bytes: every server takes a packet of that size.
constexpr size_t kFiltersAtOnce = 50;
constexpr size_t kFilterBytesAtOnce = 8 * 1024;
// An acknowledgement names one of these: what a server may have unanswered at most.
constexpr size_t kPacketIdentifiers = 65535;

// A server that speaks 3.1.1 alone answers an MQTT 5 CONNECT in its own form: no property length.
bool is_refusal_in_311(const Frame& frame) { return frame.body.size() == 2 && frame.body[1] == 1; }

}  // namespace

MaybeFault ClientSession::on_connack(const Frame& frame, Now now, ClientOutput& out) {
  Connack packet;
  if (options_.version == Version::v5 && is_refusal_in_311(frame)) {
    finish({.reason = Reason::unsupported_protocol_version,
            .refused = true,
            .wrong_version = true,
            .why = "the broker does not speak MQTT 5"},
           out);
    return std::nullopt;
  }
  if (MaybeFault fault = decode_connack(frame, options_.version, packet)) return fault;
  if (packet.reason != Reason::success) {
    on_refusal(packet, out);
    return std::nullopt;
  }
  state_ = State::connected;
  answer_due_ms_ = INT64_MAX;
  const Properties& server = packet.properties;
  if (server.has(Property::server_keep_alive)) {
    keep_alive_ms_ = int64_t(server.server_keep_alive) * 1000;
  }
  link_ = {.version = options_.version,
           .receive_maximum = std::max<uint16_t>(1, server.receive_maximum),
           .packet_bytes_max =
               server.has(Property::maximum_packet_size) ? server.maximum_packet_size : UINT32_MAX,
           .qos_max = server.maximum_qos,
           .retain_available = server.retain_available != 0};
  if (server.has(Property::assigned_client_identifier)) {
    options_.client_id = server.assigned_client_id;
  }
  out.events.emplace_back(
      ConnectedEvent{packet.session_present,
                     static_cast<uint16_t>(std::min<int64_t>(65535, keep_alive_ms_ / 1000))});
  if (!packet.session_present) {
    inbox_.session_lost();
    held_.clear();
  }
  std::vector<ClientOutbox::Done> done;
  outbox_.connected(link_, packet.session_present, now, {out.bytes, done});
  emit(done, out);
  subscribe(packet.session_present, out);
  return std::nullopt;
}

void ClientSession::on_refusal(const Connack& packet, ClientOutput& out) {
  bool v5 = options_.version == Version::v5;
  bool wrong_version =
      v5 ? packet.reason == Reason::unsupported_protocol_version : packet.code_311 == 1;
  finish({.reason = packet.reason,
          .refused = true,
          .wrong_version = wrong_version,
          .why = explain_refusal(options_.version, packet)},
         out);
}

// Everything is subscribed to, in a resumed session too: a server may have kept the session and
// lost a subscription of it (RabbitMQ, killed), and says nothing of that. What the session holds
// from an earlier configuration is unsubscribed from.
void ClientSession::subscribe(bool session_present, ClientOutput& out) {
  std::vector<const WantedSubscription*> batch;
  size_t batch_bytes = 0;
  std::set<std::string> wanted;
  for (const WantedSubscription& one : options_.subscriptions) {
    if (!wanted.insert(one.filter).second) continue;
    batch.push_back(&one);
    batch_bytes += one.filter.size();
    if (batch.size() == kFiltersAtOnce || batch_bytes > kFilterBytesAtOnce) {
      send_subscribe(std::exchange(batch, {}), out);
      batch_bytes = 0;
    }
  }
  if (!batch.empty()) send_subscribe(batch, out);
  std::vector<std::string> unwanted;
  for (const std::string& filter : held_) {
    if (session_present && !wanted.contains(filter)) unwanted.push_back(filter);
  }
  for (size_t i = 0; i < unwanted.size(); i += kFiltersAtOnce) {
    size_t end = std::min(i + kFiltersAtOnce, unwanted.size());
    send_unsubscribe({unwanted.begin() + static_cast<ptrdiff_t>(i),
                      unwanted.begin() + static_cast<ptrdiff_t>(end)},
                     out);
  }
  if (pending_.empty()) out.events.emplace_back(SubscribedEvent{});
}

void ClientSession::send_subscribe(const std::vector<const WantedSubscription*>& entries,
                                   ClientOutput& out) {
  Subscribe packet;
  packet.packet_id = outbox_.take_packet_id();
  if (packet.packet_id == 0) return end(against_protocol("no packet identifier is free"), out);
  PendingSubscribe pending;
  for (const WantedSubscription* one : entries) {
    packet.entries.push_back({one->filter, one->options});
    pending.filters.push_back(one->filter);
  }
  encode_subscribe(packet, options_.version, out.bytes);
  pending_.emplace(packet.packet_id, std::move(pending));
}

void ClientSession::send_unsubscribe(const std::vector<std::string>& filters, ClientOutput& out) {
  Unsubscribe packet;
  packet.packet_id = outbox_.take_packet_id();
  if (packet.packet_id == 0) return end(against_protocol("no packet identifier is free"), out);
  for (const std::string& filter : filters) packet.filters.push_back(filter);
  encode_unsubscribe(packet, options_.version, out.bytes);
  pending_.emplace(packet.packet_id, PendingSubscribe{filters, true});
}

MaybeFault ClientSession::on_suback(const Frame& frame, ClientOutput& out) {
  Suback packet;
  if (MaybeFault fault = decode_suback(frame, options_.version, packet)) return fault;
  auto at = pending_.find(packet.packet_id);
  bool is_unsuback = frame.type == PacketType::unsuback;
  if (at == pending_.end() || at->second.is_unsubscribe != is_unsuback) {
    return against_protocol("an answer to a SUBSCRIBE that was not sent");
  }
  PendingSubscribe answered = std::move(at->second);
  pending_.erase(at);
  outbox_.free_packet_id(packet.packet_id);
  if (is_unsuback) {
    for (const std::string& filter : answered.filters) held_.erase(filter);
  } else {
    if (packet.reasons.size() != answered.filters.size()) {
      return against_protocol("a SUBACK with another number of answers than filters");
    }
    for (size_t i = 0; i < answered.filters.size(); i++) {
      if (packet.reasons[i] >= Reason::unspecified_error) {
        refused_.emplace_back(answered.filters[i], packet.reasons[i]);
      } else {
        held_.insert(answered.filters[i]);
      }
    }
  }
  if (pending_.empty()) out.events.emplace_back(SubscribedEvent{std::exchange(refused_, {})});
  return std::nullopt;
}

MaybeFault ClientSession::resolve_alias(Publish& packet) {
  if (!packet.properties.has(Property::topic_alias)) return std::nullopt;
  uint16_t alias = packet.properties.topic_alias;
  if (alias == 0 || alias > aliases_.size()) {
    return Fault{Reason::topic_alias_invalid, "a topic alias of 0 or above the maximum"};
  }
  std::string& kept = aliases_[alias - 1u];
  if (!packet.topic.empty()) {
    kept = packet.topic;
  } else if (kept.empty()) {
    return against_protocol("a topic alias that was not set");
  } else {
    packet.topic = kept;
  }
  return std::nullopt;
}

MaybeFault ClientSession::on_publish(const Frame& frame, Now now, ClientOutput& out) {
  Publish packet;
  if (MaybeFault fault = decode_publish(frame, options_.version, packet)) return fault;
  if (MaybeFault fault = resolve_alias(packet)) return fault;
  // Mosquitto sends a session that is resumed all it had queued, whatever the receive maximum:
  // ending the connection would end it again each time. Only identifiers that run out are a fault;
  // the owner pauses reading long before.
  if (packet.qos > 0 && inbox_.unanswered() >= kPacketIdentifiers) {
    return Fault{Reason::receive_maximum_exceeded, "more messages than packet identifiers"};
  }
  deliver(packet, now, out);
  return std::nullopt;
}

void ClientSession::deliver(const Publish& packet, Now now, ClientOutput& out) {
  std::optional<uint64_t> ticket;
  if (packet.qos > 0) {
    ticket = inbox_.add(packet.packet_id, packet.qos, options_.version, out.bytes);
    if (!ticket) return;  // a copy of what is being stored
  }
  // Another broker may allow topics that weir does not; refused as such, they do not come again.
  if (!is_valid_topic_name(packet.topic)) {
    if (ticket) inbox_.settle(*ticket, Reason::topic_name_invalid, options_.version, out.bytes);
    std::string topic(is_valid_text(packet.topic) ? packet.topic : "(not valid text)");
    out.events.emplace_back(UnusableEvent{std::move(topic), "a topic name weir does not take"});
    return;
  }
  auto message = std::make_shared<Message>();
  message->topic = packet.topic;
  message->payload = packet.payload;
  message->qos = packet.qos;
  message->retain = packet.retain;
  // To a subscription that does not ask for the flag, only retained copies come with it.
  message->replayed = packet.retain && !options_.is_bridge;
  if (packet.properties.present != 0) {
    message->properties = copy_publish_properties(packet.properties);
  }
  message->received_ns = now.wall_ns;
  out.events.emplace_back(ReceivedEvent{std::move(message), ticket});
}

MaybeFault ClientSession::on_disconnect(const Frame& frame, ClientOutput& out) {
  Disconnect packet;
  if (MaybeFault fault = decode_server_disconnect(frame, options_.version, packet)) return fault;
  finish({.reason = packet.reason, .why = explain_disconnect(packet)}, out);
  return std::nullopt;
}

}  // namespace weir::mqtt
