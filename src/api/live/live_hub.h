// LiveHub: shows what the broker receives to those who watch, as it arrives.
//
// It is one of the broker's sinks, so server/ makes it before the broker. It promises nothing about
// storage and acknowledges at once. While nobody watches, a message costs one update of the topic
// table. Each watcher is a WebSocket; frames are gathered for kFrameMs and held while the reader is
// behind, so a slow reader misses messages and never costs memory. Topics that start with `$` are
// the broker's own and are left out.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "api/live/live_topics.h"
#include "http/websocket.h"
#include "mqtt/sink.h"

namespace weir::api {

class LiveHub final : public mqtt::PublishSink {
 public:
  static constexpr int64_t kFrameMs = 100;
  static constexpr size_t kUnsentBytesMax = 1024 * 1024;  // a reader this far behind waits
  static constexpr int kWatchersMax = 200;                // browser tabs; each costs 10 frames/s

  LiveHub();
  ~LiveHub() override;

  void accept(std::span<const mqtt::MessagePtr> messages, Stored stored) override;

  // Whether one more may watch.
  bool has_room() const;
  // Begins to send to `socket`, on its io thread. `may_still_watch` is asked with every frame: a
  // session that ends ends its view.
  http::WebSocketEvents open(std::shared_ptr<http::WebSocket> socket,
                             std::function<bool()> may_still_watch);

 private:
  class Watcher;
  std::shared_ptr<LiveTopics> topics_;  // shared with watchers, which may outlive the hub
  std::shared_ptr<std::atomic<int>> watchers_;
};

}  // namespace weir::api
