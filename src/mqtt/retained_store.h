// Retained messages: the last message of each topic that was published with the retain flag.
//
// An empty payload clears its topic (MQTT 5 §3.3.1.3). Bounded by messages and bytes: what does not
// fit is not retained, and store() says so. Any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/sync.h"
#include "mqtt/broker.h"
#include "mqtt/message.h"

namespace weir::mqtt {

// Whether the message's expiry interval has passed at this wall time (MQTT 5 §3.3.2.3.3).
bool has_expired(const Message& message, int64_t wall_ns);
// The levels before the filter's first wildcard: every matching topic begins with them.
std::string_view literal_prefix(std::string_view filter);

class RetainedStore {
 public:
  RetainedStore(size_t messages_max, size_t bytes_max)
      : messages_max_(messages_max), bytes_max_(bytes_max) {}

  // Returns false if the message was dropped for lack of room.
  bool store(const MessagePtr& message);
  // In topic order, without the expired.
  std::vector<MessagePtr> matching(std::string_view filter, size_t most, int64_t wall_ns) const;
  // For looking through them all: lets others in between portions, so what changes meanwhile may
  // be seen or not.
  RetainedPage page(const RetainedQuery& query, int64_t wall_ns) const;
  // Null when there is none, or it has expired.
  MessagePtr find(std::string_view topic, int64_t wall_ns) const;
  // Whether this very message is still the one retained for its topic.
  bool is_current(const Message& message) const;
  void remove_expired(int64_t wall_ns);
  size_t size() const { return state_.lock()->messages.size(); }
  size_t bytes() const { return state_.lock()->bytes; }

 private:
  struct State {
    std::map<std::string, MessagePtr, std::less<>> messages;  // by topic
    size_t bytes = 0;
  };
  const size_t messages_max_, bytes_max_;
  Guarded<State> state_;
};

}  // namespace weir::mqtt
