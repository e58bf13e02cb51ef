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

bool has_expiry(const Message& message) {
  return message.properties && message.properties->message_expiry_s;
}

}  // namespace

size_t encode_message(const Message& message, const SendForm& form, Now now, std::string& out) {
  Publish packet;
  packet.topic = message.topic;
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
  }
  return encode_publish(packet, form.version, out);
}

void Outgoing::start(MessagePtr message, Now now, size_t receivers) {
  message_ = std::move(message);
  now_ = now;
  receivers_ = receivers;
  for (Variant& variant : variants_) variant.ready = false, variant.shared.reset();
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
  size_t which = (size_t(v5) * 3 + form.qos) * 2 + size_t(form.retain);
  Variant& variant = variants_[which];
  if (!variant.ready) {
    variant.bytes.clear();
    variant.id_at = encode_message(*message_, form, now_, variant.bytes);
    variant.ready = true;
  }
  size_t size = variant.bytes.size();
  if (form.qos == 0 && receivers_ > 1 && size >= kSharedBytesMin && !variant.shared) {
    variant.shared = std::make_shared<const std::string>(std::move(variant.bytes));
  }
  if (variant.shared) {
    if (variant.shared->size() > packet_bytes_max) return 0;
    wire.write_shared(variant.shared);
    return variant.shared->size();
  }
  if (size > packet_bytes_max) return 0;
  if (form.qos > 0) {
    variant.bytes[variant.id_at] = static_cast<char>(form.packet_id >> 8);
    variant.bytes[variant.id_at + 1] = static_cast<char>(form.packet_id & 0xFF);
  }
  wire.write(variant.bytes);
  return size;
}

}  // namespace weir::mqtt
