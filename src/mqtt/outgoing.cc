#include "mqtt/outgoing.h"

#include <algorithm>

namespace weir::mqtt {
namespace {

uint32_t remaining_expiry_s(const Message& message, Now now) {
  int64_t waited_s = std::max<int64_t>(0, now.wall_ns - message.received_ns) / 1'000'000'000;
  int64_t lives_s = *message.properties->message_expiry_s;
  return static_cast<uint32_t>(std::max<int64_t>(1, lives_s - waited_s));
}

void fill_properties(const Message& message, Now now, Properties& out) {
  const PublishProperties& from = *message.properties;
  if (from.payload_format_indicator) {
    out.payload_format_indicator = *from.payload_format_indicator;
    out.mark(Property::payload_format_indicator);
  }
  if (from.message_expiry_s) {
    out.message_expiry_s = remaining_expiry_s(message, now);
    out.mark(Property::message_expiry_interval);
  }
  auto text = [&](Property property, const std::string& value, std::string_view& to) {
    if (value.empty()) return;
    to = value;
    out.mark(property);
  };
  text(Property::content_type, from.content_type, out.content_type);
  text(Property::response_topic, from.response_topic, out.response_topic);
  text(Property::correlation_data, from.correlation_data, out.correlation_data);
  for (const auto& [key, value] : from.user_properties) out.user.emplace_back(key, value);
  if (!out.user.empty()) out.mark(Property::user_property);
}

// The alias is the last property but for those of the user, which stand before the payload.
size_t place_of_alias(const Message& message, size_t encoded_size) {
  size_t behind = message.payload.size();
  if (message.properties) {
    for (const auto& [key, value] : message.properties->user_properties) {
      behind += 1 + 2 + key.size() + 2 + value.size();
    }
  }
  return encoded_size - behind - 2;
}

void put_two_bytes(std::string& bytes, size_t at, uint16_t value) {
  bytes[at] = static_cast<char>(value >> 8);
  bytes[at + 1] = static_cast<char>(value & 0xFF);
}

bool has_expiry(const Message& message) {
  return message.properties && message.properties->message_expiry_s;
}

}  // namespace

size_t encode_message(const Message& message, const SendForm& form, Now now, std::string& out) {
  Publish packet;
  if (!form.leaves_topic_out) packet.topic = message.topic;
  packet.payload = message.payload;
  packet.qos = form.qos;
  packet.retain = form.retain;
  packet.duplicate = form.duplicate;
  packet.packet_id = form.packet_id;
  if (form.version == Version::v5) {
    if (message.properties) fill_properties(message, now, packet.properties);
    if (form.ids != nullptr && !form.ids->empty()) {
      packet.properties.subscription_ids = *form.ids;
      packet.properties.mark(Property::subscription_identifier);
    }
    if (form.topic_alias != 0) {
      packet.properties.topic_alias = form.topic_alias;
      packet.properties.mark(Property::topic_alias);
    }
  }
  return encode_publish(packet, form.version, out);
}

void Outgoing::start(MessagePtr message, Now now, size_t receivers, uint64_t number) {
  message_ = std::move(message);
  number_ = number;
  now_ = now;
  receivers_ = receivers;
  for (size_t i = 0; ready_ != 0; i++, ready_ >>= 1) {
    if (ready_ & 1) variants_[i].shared.reset();
  }
}

// Before MQTT 5: QoS and retain. In MQTT 5: how the topic is told as well.
size_t Outgoing::index_of(const SendForm& form) {
  size_t index = size_t(form.qos) * 2 + size_t(form.retain);
  if (form.version != Version::v5) return index;
  size_t telling = form.topic_alias == 0 ? 0 : form.leaves_topic_out ? 2 : 1;
  return 6 * (1 + telling) + index;
}

Outgoing::Variant& Outgoing::variant_of(const SendForm& form) {
  size_t index = index_of(form);
  Variant& variant = variants_[index];
  if ((ready_ >> index & 1) != 0) return variant;
  variant.bytes.clear();
  variant.id_at = encode_message(*message_, form, now_, variant.bytes);
  if (form.topic_alias != 0) variant.alias_at = place_of_alias(*message_, variant.bytes.size());
  bool is_large = variant.bytes.size() >= kSharedBytesMin;
  if (form.qos == 0 && form.topic_alias == 0 && receivers_ > 1 && is_large) {
    variant.shared = std::make_shared<const std::string>(std::move(variant.bytes));
  }
  ready_ |= uint32_t(1) << index;
  return variant;
}

size_t Outgoing::send(Wire& wire, const SendForm& form, uint32_t packet_bytes_max) {
  bool v5 = form.version == Version::v5;
  if (v5 && ((form.ids != nullptr && !form.ids->empty()) || has_expiry(*message_))) {
    single_.clear();
    encode_message(*message_, form, now_, single_);
    if (single_.size() > packet_bytes_max) return 0;
    wire.write(single_);
    return single_.size();
  }
  Variant& variant = variant_of(form);
  if (variant.shared) {
    if (variant.shared->size() > packet_bytes_max) return 0;
    wire.write_shared(variant.shared);
    return variant.shared->size();
  }
  if (variant.bytes.size() > packet_bytes_max) return 0;
  if (form.qos > 0) put_two_bytes(variant.bytes, variant.id_at, form.packet_id);
  if (form.topic_alias != 0) put_two_bytes(variant.bytes, variant.alias_at, form.topic_alias);
  wire.write(variant.bytes);
  return variant.bytes.size();
}

}  // namespace weir::mqtt
