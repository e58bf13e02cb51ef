// Protocol: PUBLISH from a client.
#include "mqtt/protocol.h"
#include "mqtt/publish_properties.h"
#include "mqtt/text.h"
#include "mqtt/topic.h"

namespace weir::mqtt {
namespace {

MaybeFault check_topic(std::string_view topic) {
  if (is_valid_topic_name(topic)) return std::nullopt;
  if (!is_valid_text(topic)) return malformed("the topic name is not valid text");
  if (topic.find_first_of("+#") != std::string_view::npos) {
    return malformed("a wildcard in a topic name");
  }
  return Fault{Reason::topic_name_invalid, "a topic name with too many levels"};
}

}  // namespace

// §3.3.2.3.4: puts the topic that an alias stands for, or keeps the topic it is to stand for.
MaybeFault Protocol::resolve_alias(Publish& packet) {
  bool has_topic = !packet.topic.empty();
  if (!packet.properties.has(Property::topic_alias)) {
    if (has_topic) return std::nullopt;
    if (version_ != Version::v5) return malformed("an empty topic name");
    return against_protocol("an empty topic name without an alias");
  }
  uint16_t alias = packet.properties.topic_alias;
  if (alias == 0 || alias > limits_.topic_alias_maximum) {
    return Fault{Reason::topic_alias_invalid, "a topic alias of 0 or above the maximum"};
  }
  if (!has_topic) {
    packet.topic = topic_of_alias(alias);
    if (packet.topic.empty()) return against_protocol("a topic alias that was not set");
    return std::nullopt;
  }
  if (MaybeFault fault = check_topic(packet.topic)) return fault;
  if (!aliases_) aliases_ = std::make_unique<Aliases>();
  std::string& kept = aliases_->topics[alias];
  size_t bytes = aliases_->bytes - kept.size() + packet.topic.size();
  if (bytes > kAliasBytesMax) {
    return Fault{Reason::quota_exceeded, "topic aliases for more than they may hold"};
  }
  aliases_->bytes = bytes;
  kept = packet.topic;
  return std::nullopt;
}

MaybeFault Protocol::on_publish(const Frame& frame, Now now, Actions& out) {
  Publish packet;
  if (MaybeFault fault = decode_publish(frame, version_, packet)) return fault;
  if (packet.qos > limits_.maximum_qos) {
    return Fault{Reason::qos_not_supported, "a PUBLISH above the maximum QoS"};
  }
  if (version_ == Version::v5) {
    if (packet.properties.has(Property::subscription_identifier)) {
      return against_protocol("a subscription identifier in a client's PUBLISH");
    }
    if (MaybeFault fault = check_publish_properties(packet.properties)) return fault;
    if (packet.retain && !limits_.retain_available) {
      return Fault{Reason::retain_not_supported, "a retained PUBLISH where none is kept"};
    }
  }
  if (MaybeFault fault = resolve_alias(packet)) return fault;
  if (MaybeFault fault = check_topic(packet.topic)) return fault;
  if (packet.qos > 0) {
    // 3.1.1 has no receive maximum: its clients' bound is the read pause while sinks are congested.
    if (version_ == Version::v5 && unanswered_ >= limits_.receive_maximum) {
      return Fault{Reason::receive_maximum_exceeded, "more publishes than receive maximum"};
    }
    unanswered_++;
  }
  PublishAction action;
  action.qos = packet.qos;
  action.packet_id = packet.packet_id;
  if (!may_publish(identity_, packet.topic) || is_servers_topic(packet.topic)) {
    action.refusal = Reason::not_authorized;
    action.refused_topic = std::make_unique<std::string>(packet.topic);
    out.list.emplace_back(std::move(action));
    return std::nullopt;
  }
  auto message = std::make_shared<Message>();
  message->topic = packet.topic;
  message->payload = packet.payload;
  message->qos = packet.qos;
  message->retain = packet.retain && limits_.retain_available;  // 3.1.1 cannot be told
  if (packet.properties.present != 0) {
    message->properties = copy_publish_properties(packet.properties);
  }
  message->client_id = client_id_;
  message->user = identity_.user;
  message->received_ns = now.wall_ns;
  action.message = std::move(message);
  out.list.emplace_back(std::move(action));
  return std::nullopt;
}

}  // namespace weir::mqtt
