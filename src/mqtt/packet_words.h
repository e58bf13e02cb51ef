// What is in a packet, in words a person reads: for traces. Passwords are never among them.
#pragma once

#include <string>
#include <string_view>

#include "mqtt/packet.h"

namespace weir::mqtt {

std::string_view packet_name(PacketType type);  // "PUBLISH"

// The packet's fields; its topic and payload, if it is a PUBLISH, as views into the frame.
struct PacketWords {
  std::string text;
  std::string_view topic, payload;
};
// `alias_topic` is what an incoming PUBLISH without a topic stands for.
PacketWords packet_words(const Frame& frame, Version version, std::string_view alias_topic = {});

}  // namespace weir::mqtt
