#include "api/live/live_topics.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <functional>
#include <mutex>

#include "base/metrics.h"

namespace weir::api {
namespace {

metrics::Counter topics_dropped_total{"weir_live_messages_untracked_total",
                                      "Messages whose topic the live view has no room to remember"};

void fill(LiveMessage& into, const mqtt::Message& from) {
  const size_t size = std::min(from.payload.size(), LiveTopics::kPayloadHeadBytes);
  into.payload.assign(from.payload, 0, size);
  into.cut = size < from.payload.size();
  into.time_ns = from.received_ns;
  into.qos = from.qos;
  into.retain = from.retain;
}

}  // namespace

struct alignas(64) LiveTopics::Shard {
  mutable std::mutex mutex;
  absl::flat_hash_map<std::string, LiveMessage> topics;
};

LiveTopics::LiveTopics() : shards_(std::make_unique<Shard[]>(kShards)) {}
LiveTopics::~LiveTopics() = default;

LiveTopics::Shard& LiveTopics::shard_of(std::string_view topic) const {
  return shards_[std::hash<std::string_view>()(topic) % kShards];
}

void LiveTopics::add(const mqtt::Message& message) {
  if (message.topic.size() > kTopicBytesMax) return topics_dropped_total.add(1);
  Shard& shard = shard_of(message.topic);
  // The number is taken inside the shard's lock: whoever then reads the shard sees every message
  // of it that has a number.
  std::lock_guard lock(shard.mutex);
  uint64_t number = 0;
  if (watchers_.load() > 0) {
    auto kept = std::make_shared<LiveMessage>();
    kept->topic = message.topic;
    fill(*kept, message);
    auto recent = recent_.lock();
    number = kept->number = next_.fetch_add(1);
    recent->push_back(std::move(kept));
    if (recent->size() > kRecentMax) recent->pop_front();
  } else {
    number = next_.fetch_add(1);
  }
  auto found = shard.topics.find(message.topic);
  if (found == shard.topics.end()) {
    if (topics_.fetch_add(1) >= kTopicsMax) {
      topics_.fetch_sub(1);
      return topics_dropped_total.add(1);
    }
    found = shard.topics.try_emplace(message.topic).first;
    found->second.topic = message.topic;
  }
  fill(found->second, message);
  found->second.number = number;
  found->second.count++;
}

std::vector<LiveMessagePtr> LiveTopics::since(uint64_t number, bool& complete) const {
  std::vector<LiveMessagePtr> messages;
  auto recent = recent_.lock();
  const uint64_t newest_number = newest();
  for (auto it = recent->rbegin(); it != recent->rend() && (*it)->number > number; ++it)
    messages.push_back(*it);
  std::ranges::reverse(messages);
  complete = messages.size() == newest_number - std::min(newest_number, number);
  return messages;
}

std::vector<LiveMessage> LiveTopics::changed_since(uint64_t number) const {
  std::vector<LiveMessage> changed;
  for (size_t i = 0; i < kShards; i++) {
    std::lock_guard lock(shards_[i].mutex);
    for (const auto& [topic, message] : shards_[i].topics) {
      if (message.number > number) changed.push_back(message);
    }
  }
  std::ranges::sort(changed, {}, &LiveMessage::number);
  return changed;
}

}  // namespace weir::api
