#include "api/live/live_reader.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/payload_json.h"
#include "base/json.h"
#include "mqtt/topic.h"

namespace weir::api {
namespace {

OrderedJson message_json(const LiveMessage& message, bool with_payload) {
  OrderedJson json = {{"topic", message.topic}};
  if (with_payload) {
    put_payload(json, message.payload, message.cut);
  } else {
    json["payload"] = "";
  }
  json["time"] = message.time_ns / 1'000'000;
  if (message.count > 0) json["count"] = message.count;
  json["qos"] = message.qos;
  json["retain"] = message.retain;
  if (message.cut || !with_payload) json["cut"] = true;
  return json;
}

std::string frame_text(OrderedJson messages, uint64_t skipped) {
  if (messages.empty() && skipped == 0) return {};
  return dump_json(
      OrderedJson{{"type", "messages"}, {"messages", std::move(messages)}, {"skipped", skipped}});
}

}  // namespace

LiveReader::LiveReader(LiveTopics& topics) : topics_(topics) { topics_.watch(); }
LiveReader::~LiveReader() { topics_.unwatch(); }

bool LiveReader::wants(std::string_view topic) const {
  return filter_ == "#" || mqtt::topic_matches(filter_, topic);
}

std::string LiveReader::snapshot() {
  seen_ = counted_ = topics_.newest();
  OrderedJson shown = OrderedJson::array();
  size_t bytes = 0;
  for (const LiveMessage& message : topics_.changed_since(0)) {
    if (!wants(message.topic)) continue;
    bytes += message.payload.size();
    shown.push_back(message_json(message, bytes <= kSnapshotBytesMax));
  }
  return dump_json(OrderedJson{{"type", "snapshot"}, {"topics", std::move(shown)}});
}

std::string LiveReader::next_frame() {
  if (topics_.newest() == seen_) return {};
  bool complete = false;
  const std::vector<LiveMessagePtr> messages = topics_.since(seen_, complete);
  return complete ? frame_of_all(messages) : frame_of_newest();
}

std::string LiveReader::frame_of_all(const std::vector<LiveMessagePtr>& messages) {
  std::vector<const LiveMessage*> wanted;
  for (const LiveMessagePtr& message : messages) {
    if (wants(message->topic)) wanted.push_back(message.get());
  }
  if (wanted.size() > kMessagesPerFrameMax) return frame_of_newest();
  OrderedJson shown = OrderedJson::array();
  for (const LiveMessage* message : wanted) shown.push_back(message_json(*message, true));
  if (!messages.empty()) seen_ = counted_ = std::max(counted_, messages.back()->number);
  return frame_text(std::move(shown), 0);
}

std::string LiveReader::frame_of_newest() {
  const uint64_t newest = topics_.newest();
  OrderedJson shown = OrderedJson::array();
  uint64_t sent = 0;
  for (const LiveMessage& message : topics_.changed_since(seen_)) {
    // What came after `newest` may have come before others that are not in the table yet.
    if (message.number > newest || sent == kMessagesPerFrameMax) break;
    seen_ = message.number;
    if (!wants(message.topic)) continue;
    shown.push_back(message_json(message, true));
    sent++;
  }
  if (sent < kMessagesPerFrameMax) seen_ = std::max(seen_, newest);
  const uint64_t arrived = newest - std::min(newest, counted_);
  counted_ = std::max(counted_, newest);
  return frame_text(std::move(shown), arrived - std::min(arrived, sent));
}

bool LiveReader::take_command(std::string_view text) {
  Result<Json> command = parse_json(text);
  if (!command.ok() || !command->is_object()) return false;
  auto filter = command->find("filter");
  if (filter == command->end() || !filter->is_string()) return false;
  const std::string& wanted = filter->get_ref<const std::string&>();
  if (!mqtt::is_valid_topic_filter(wanted)) return false;
  filter_ = wanted;
  return true;
}

}  // namespace weir::api
