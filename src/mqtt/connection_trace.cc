// Connection: telling traces what goes by.
#include <fmt/core.h>

#include "mqtt/connection.h"
#include "mqtt/packet_words.h"

namespace weir::mqtt {

bool Connection::is_traced(uint64_t generation) {
  if (generation != trace_generation_) {
    trace_generation_ = generation;
    traced_ = thread_.hub().traces.concern(client_id());
  }
  return traced_;
}

// The CONNECT names the client, so only now is it known whether it is wanted.
void Connection::trace_connect() {
  trace_generation_ = 0;
  if (!is_traced()) return;
  const ConnectRequest& request = *request_;
  std::string text = fmt::format("MQTT {}", request.version == Version::v5 ? "5" : "3.1.1");
  if (request.user) text += fmt::format(", user {}", *request.user);
  text += fmt::format(", keep-alive {} s", request.keep_alive_s);
  if (request.clean_start) text += ", clean start";
  if (request.session_expiry_s == UINT32_MAX) {
    text += ", session never expires";
  } else if (request.session_expiry_s > 0) {
    text += fmt::format(", session expires after {} s", request.session_expiry_s);
  }
  if (request.will) text += fmt::format(", will on {}", request.will->topic);
  text += fmt::format(", from {}", stream_->peer().text());
  thread_.hub().traces.record({client_id(), true, "CONNECT", request.packet_bytes, text, {}, {}},
                              thread_.now().wall_ns);
}

void Connection::on_frame(const Frame& frame) {
  if (frame.type == PacketType::connect) return;  // trace_connect() tells of it
  std::string_view alias_topic;
  Publish publish;
  if (frame.type == PacketType::publish && !decode_publish(frame, protocol_.version(), publish) &&
      publish.topic.empty()) {
    alias_topic = protocol_.topic_of_alias(publish.properties.topic_alias);
  }
  PacketWords words = packet_words(frame, protocol_.version(), alias_topic);
  thread_.hub().traces.record({client_id(), true, packet_name(frame.type), frame.size_bytes,
                               std::move(words.text), words.topic, words.payload},
                              thread_.now().wall_ns);
}

// What is written is whole packets, one or several.
void Connection::trace_out(std::string_view packets) {
  Frame frame;
  while (cut_frame(packets, UINT32_MAX, frame) == Cut::complete) {
    PacketWords words = packet_words(frame, protocol_.version());
    thread_.hub().traces.record({client_id(), false, packet_name(frame.type), frame.size_bytes,
                                 std::move(words.text), words.topic, words.payload},
                                thread_.now().wall_ns);
    packets.remove_prefix(frame.size_bytes);
  }
}

}  // namespace weir::mqtt
