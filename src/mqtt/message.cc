#include "mqtt/message.h"

namespace weir::mqtt {

std::unique_ptr<Message> copy_of(const Message& message) {
  auto copy = std::make_unique<Message>();
  copy->topic = message.topic;
  copy->payload = message.payload;
  copy->qos = message.qos;
  copy->retain = message.retain;
  if (message.properties) {
    copy->properties = std::make_unique<PublishProperties>(*message.properties);
  }
  copy->client_id = message.client_id;
  copy->user = message.user;
  copy->received_ns = message.received_ns;
  return copy;
}

}  // namespace weir::mqtt
