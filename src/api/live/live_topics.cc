#include "api/live/live_topics.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <functional>
#include <mutex>

#include "base/metrics.h"
#include "base/text_hash.h"

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
  absl::flat_hash_map<std::string, LiveMessage, TextHash, std::equal_to<>> topics;
};

LiveTopics::LiveTopics() : shards_(std::make_unique<Shard[]>(kShards)) {}
LiveTopics::~LiveTopics() = default;

void LiveTopics::add(std::span<const mqtt::MessagePtr> messages) {
  while (!messages.empty()) {
    const std::string& topic = messages.front()->topic;
    const auto end = std::ranges::find_if(
        messages, [&](const mqtt::MessagePtr& message) { return message->topic != topic; });
    const auto length = static_cast<size_t>(end - messages.begin());
    if (topic.size() > kTopicBytesMax) {
      topics_dropped_total.add(length);
    } else if (!topic.starts_with('$')) {
      add_run(messages.first(length));
    }
    messages = messages.subspan(length);
  }
}

// Messages of one topic, of which only those who watch see more than the last.
void LiveTopics::add_run(std::span<const mqtt::MessagePtr> run) {
  const mqtt::Message& last = *run.back();
  const size_t hash = TextHash()(last.topic);
  Shard& shard = shards_[hash % kShards];
  // The numbers are taken inside the shard's lock: whoever then reads the shard sees every message
  // of it that has a number.
  std::lock_guard lock(shard.mutex);
  const uint64_t number =
      watchers_.load() > 0 ? note_recent(run) : next_.fetch_add(run.size()) + run.size() - 1;
  auto found = shard.topics.find(std::string_view(last.topic), hash);
  if (found == shard.topics.end()) {
    if (topics_.fetch_add(1) >= kTopicsMax) {
      topics_.fetch_sub(1);
      return topics_dropped_total.add(run.size());
    }
    found = shard.topics.try_emplace(last.topic).first;
    found->second.topic = last.topic;
  }
  fill(found->second, last);
  found->second.number = number;
  found->second.count += run.size();
}

// Returns the last one's number.
uint64_t LiveTopics::note_recent(std::span<const mqtt::MessagePtr> run) {
  uint64_t number = 0;
  for (const mqtt::MessagePtr& message : run) {
    auto kept = std::make_shared<LiveMessage>();
    kept->topic = message->topic;
    fill(*kept, *message);
    auto recent = recent_.lock();
    number = kept->number = next_.fetch_add(1);
    recent->push_back(std::move(kept));
    if (recent->size() > kRecentMax) recent->pop_front();
  }
  return number;
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
