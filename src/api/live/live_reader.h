// What one reader of the live view has seen and is to be sent next.
//
// Kept by the io thread of its WebSocket; it only reads LiveTopics. Frames are JSON texts
// (docs/api.md, "live").
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/live/live_topics.h"

namespace weir::api {

class LiveReader {
 public:
  static constexpr size_t kMessagesPerFrameMax = 500;
  static constexpr size_t kSnapshotBytesMax = 8 * 1024 * 1024;  // then payloads are left out

  // Watches `topics` for as long as it lives.
  explicit LiveReader(LiveTopics& topics);
  ~LiveReader();
  LiveReader(const LiveReader&) = delete;
  LiveReader& operator=(const LiveReader&) = delete;

  // The topics known by now, each with its newest message.
  std::string snapshot();
  // What arrived since the last frame, at most kMessagesPerFrameMax; empty if nothing did. Beyond
  // that the newest message of each topic goes first, and what is left out is counted. A topic that
  // did not fit comes with the next frame.
  std::string next_frame();
  // {"filter":"home/#"}: from now on only what matches. False for anything else.
  bool take_command(std::string_view text);

 private:
  bool wants(std::string_view topic) const;
  std::string frame_of_all(const std::vector<LiveMessagePtr>& messages);
  std::string frame_of_newest();

  LiveTopics& topics_;
  std::string filter_ = "#";
  uint64_t seen_ = 0;
  uint64_t counted_ = 0;  // messages up to this number are sent or counted as skipped
};

}  // namespace weir::api
