#include "mqtt/topic_aliases.h"

namespace weir::mqtt {

TopicAliases::Use TopicAliases::use_for(const Message& message) const {
  if (message.topic.size() < kTopicBytesMin || message.payload.size() > kPayloadBytesMax) return {};
  auto found = aliases_.find(message.topic);
  if (found != aliases_.end()) return {found->second, true};
  if (aliases_.size() >= maximum_) return {};
  return {static_cast<uint16_t>(aliases_.size() + 1), false};
}

}  // namespace weir::mqtt
