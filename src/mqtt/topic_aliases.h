// TopicAliases: the short names that stand for topics towards one client on one connection
// (MQTT 5 §3.3.2.3.4).
//
// The first topics that are sent get them and keep them: telemetry repeats its topics, and an alias
// that is given anew costs the whole topic again. The session's home thread.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "mqtt/message.h"

namespace weir::mqtt {

class TopicAliases {
 public:
  // An alias takes three bytes beside the empty topic: shorter topics are not worth one.
  static constexpr size_t kTopicBytesMin = 4;
  // Above this a message's topic is a small part of it, and its bytes are rather shared between
  // receivers than made for each.
  static constexpr size_t kPayloadBytesMax = 1024;

  explicit TopicAliases(uint16_t maximum) : maximum_(maximum) {}

  struct Use {
    uint16_t alias = 0;     // 0: none
    bool is_known = false;  // the client has been told: the topic is left out
  };
  Use use_for(const Message& message) const;
  // The client has been sent this topic with the alias that use_for() proposed.
  void told(const Message& message, uint16_t alias) { aliases_.emplace(message.topic, alias); }

 private:
  const uint16_t maximum_;
  absl::flat_hash_map<std::string, uint16_t> aliases_;  // by topic: 1, 2, ...
};

}  // namespace weir::mqtt
