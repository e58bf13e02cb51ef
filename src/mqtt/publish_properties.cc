#include "mqtt/publish_properties.h"

#include "mqtt/topic.h"

namespace weir::mqtt {

MaybeFault check_publish_properties(const Properties& properties) {
  if (properties.has(Property::response_topic) && !is_valid_topic_name(properties.response_topic)) {
    return against_protocol("the response topic is not a valid topic name");
  }
  return std::nullopt;
}

std::unique_ptr<const PublishProperties> copy_publish_properties(const Properties& properties) {
  constexpr uint64_t kKept = property_set(
      Property::payload_format_indicator, Property::message_expiry_interval, Property::content_type,
      Property::response_topic, Property::correlation_data, Property::user_property);
  if ((properties.present & kKept) == 0) return nullptr;
  auto kept = std::make_unique<PublishProperties>();
  if (properties.has(Property::payload_format_indicator)) {
    kept->payload_format_indicator = properties.payload_format_indicator;
  }
  if (properties.has(Property::message_expiry_interval)) {
    kept->message_expiry_s = properties.message_expiry_s;
  }
  kept->content_type = properties.content_type;
  kept->response_topic = properties.response_topic;
  kept->correlation_data = properties.correlation_data;
  for (const auto& [key, value] : properties.user) kept->user_properties.emplace_back(key, value);
  return kept;
}

}  // namespace weir::mqtt
