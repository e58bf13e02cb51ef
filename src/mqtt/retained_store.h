// Retained messages: the last message of each topic that was published with the retain flag.
//
// An empty payload clears its topic (MQTT 5 §3.3.1.3). Bounded by messages and bytes: what does not
// fit is not retained, and store() says so. Where there is a journal the changes are kept as its
// ops, in the order they were made, until some thread hands them over; those of the server's own
// topics are not. Any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/sync.h"
#include "mqtt/broker.h"
#include "mqtt/journal_op.h"
#include "mqtt/message.h"

namespace weir::mqtt {

// Whether the message's expiry interval has passed at this wall time (MQTT 5 §3.3.2.3.3).
bool has_expired(const Message& message, int64_t wall_ns);
// The levels before the filter's first wildcard: every matching topic begins with them.
std::string_view literal_prefix(std::string_view filter);

// Whether retained messages of this topic are kept over a restart: $SYS is told anew.
bool outlives_restart(std::string_view topic);

class Journal;

class RetainedStore {
 public:
  RetainedStore(size_t messages_max, size_t bytes_max)
      : messages_max_(messages_max), bytes_max_(bytes_max) {}

  // From now on changes are kept for hand_over(). Before the first.
  void keep_changes() { state_.lock()->keeps_changes = true; }
  // Appends the changes since the last call. Returns when those of any thread are in the journal.
  void hand_over(Journal& journal);
  // A message that was found in the journal. Its room is not asked for.
  void restore(const MessagePtr& message);

  // Returns false if the message was dropped for lack of room.
  bool store(const MessagePtr& message);
  // Where a walk over what a filter matches has got to, in topic order.
  struct Walk {
    std::string filter;
    std::string behind = {};  // the topic it got to
    bool begun = false;
    uint64_t version = 0;  // of the store when it was asked for
  };
  struct Portion {
    struct Found {
      MessagePtr message;
      bool is_newer = false;  // retained since the walk was asked for
    };
    std::vector<Found> found;
    size_t looked_at = 0;  // topics; the lock was held for so many
    bool is_last = false;
    std::string behind;  // where the next one goes on
  };
  // The next ones of a walk, without the expired: at most `most`, of `looks_max` topics.
  Portion portion(const Walk& walk, size_t most, size_t looks_max, int64_t wall_ns) const;
  // Rises with each message that is retained.
  uint64_t version() const { return state_.lock()->version; }
  // For looking through them all: lets others in between portions, so what changes meanwhile may
  // be seen or not.
  RetainedPage page(const RetainedQuery& query, int64_t wall_ns) const;
  // Null when there is none, or it has expired.
  MessagePtr find(std::string_view topic, int64_t wall_ns) const;
  void remove_expired(int64_t wall_ns);
  size_t size() const { return state_.lock()->messages.size(); }
  size_t bytes() const { return state_.lock()->bytes; }

 private:
  struct Held {
    MessagePtr message;
    uint64_t version = 0;
  };
  struct State {
    std::map<std::string, Held, std::less<>> messages;  // by topic
    size_t bytes = 0;
    uint64_t version = 0;
    bool keeps_changes = false;
    std::vector<Op> changes;
  };
  static void note_stored(State& state, const MessagePtr& message);
  static void note_cleared(State& state, const std::string& topic);

  const size_t messages_max_, bytes_max_;
  Guarded<State> state_;
};

}  // namespace weir::mqtt
