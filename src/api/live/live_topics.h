// The newest message of every topic, and the stream of the most recent ones: what the live view
// reads.
//
// Bounded on every side: topics of kTopicBytesMax (longer ones are counted only), kTopicsMax topics
// (further ones are counted, and seen only by those who watch when they arrive), payload heads of
// kPayloadHeadBytes, a ring of kRecentMax messages that is kept only while someone watches. Every
// message has a number, counting from 1. Writing costs one look-up in a shard of the table under
// that shard's lock for each run of messages of one topic; any thread may write or read.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/sync.h"
#include "mqtt/message.h"

namespace weir::api {

struct LiveMessage {
  uint64_t number = 0;
  std::string topic;
  std::string payload;  // at most kPayloadHeadBytes of it
  bool cut = false;     // there was more
  int64_t time_ns = 0;
  uint64_t count = 0;  // messages on this topic so far, this one included; 0 in the ring
  uint8_t qos = 0;
  bool retain = false;
};
using LiveMessagePtr = std::shared_ptr<const LiveMessage>;

class LiveTopics {
 public:
  static constexpr size_t kTopicsMax = 10'000;       // a large home has some thousand
  static constexpr size_t kTopicBytesMax = 1024;     // the protocol allows 64 KiB
  static constexpr size_t kPayloadHeadBytes = 4096;  // more than anyone reads in a list
  static constexpr size_t kRecentMax = 4096;         // 40,000 messages a second in 100 ms

  LiveTopics();
  ~LiveTopics();

  // What one read of a connection brought; messages of the server's own topics ($...) are passed
  // over.
  void add(std::span<const mqtt::MessagePtr> messages);

  // While at least one watches, add() keeps the ring.
  void watch() { watchers_++; }
  void unwatch() { watchers_--; }

  // The number of the newest message; 0 before the first.
  uint64_t newest() const { return next_.load() - 1; }
  // Every message after `number`, in order; or nothing if the ring does not hold them all.
  std::vector<LiveMessagePtr> since(uint64_t number, bool& complete) const;
  // The topics that changed after `number`, each with its newest message, in order of number.
  std::vector<LiveMessage> changed_since(uint64_t number) const;

 private:
  struct Shard;
  void add_run(std::span<const mqtt::MessagePtr> run);
  uint64_t note_recent(std::span<const mqtt::MessagePtr> run);

  static constexpr size_t kShards = 16;  // more than there are io threads on most machines
  std::unique_ptr<Shard[]> shards_;
  std::atomic<uint64_t> next_ = 1;
  std::atomic<size_t> topics_ = 0;
  std::atomic<int> watchers_ = 0;
  // Numbers are given out under this lock while someone watches, so the ring is in order.
  Guarded<std::deque<LiveMessagePtr>> recent_;
};

}  // namespace weir::api
