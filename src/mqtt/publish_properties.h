// The properties a message keeps: from a PUBLISH or a will into Message, checked (MQTT 5 §3.3.2.3).
#pragma once

#include <memory>

#include "mqtt/message.h"
#include "mqtt/packet.h"

namespace weir::mqtt {

// The response topic is a topic name.
MaybeFault check_publish_properties(const Properties& properties);
// Null when there is nothing to keep. Aliases and subscription identifiers belong to a connection.
std::unique_ptr<const PublishProperties> copy_publish_properties(const Properties& properties);

}  // namespace weir::mqtt
