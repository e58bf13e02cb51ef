// JournalImage: what the ops of the journal add up to: the durable sessions, what waits for them,
// the retained messages.
//
// The journal's thread keeps one beside the live broker, to write it down anew when the log has
// grown (a checkpoint); at a start replay makes one, which becomes the broker's sessions. Messages
// are shared by pointer with the live sessions, so bodies are not held twice.
//
// Messages are held by number, each with the sessions that it is under way to; an op for a session
// or message that is not (or no longer) known changes nothing, and one that says what is known
// already changes nothing either. This is what lets a checkpoint be said piece by piece between
// other ops: see JournalWalk. One thread at a time.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>
#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/flat_map.h"
#include "mqtt/journal_op.h"

namespace weir::mqtt {

class JournalImage {
 public:
  struct Will {
    MessagePtr message;
    uint32_t delay_s = 0;
  };
  struct Session {
    std::string client_id, user;
    uint32_t expiry_s = 0;
    bool is_connected = false;
    int64_t wall_ns = 0;                               // of connecting or disconnecting
    FlatMap<std::string, Subscription> subscriptions;  // by filter
    absl::btree_set<uint16_t> received;                // QoS 2, not released
    std::unique_ptr<Will> will;
    size_t deliveries = 0;  // messages that wait for it or are under way
  };
  struct Delivery {
    uint64_t session = 0;
    uint16_t packet_id = 0;
    uint8_t qos = 0;
    bool retain = false, done = false;
    DeliveryState state = DeliveryState::waiting;
    std::shared_ptr<const OpDetails> details;  // subscription identifiers, or null
  };
  struct Entry {
    MessagePtr message;
    absl::InlinedVector<Delivery, 1> deliveries;
    size_t sorted = 0;  // so many at the front are in order of their sessions
    size_t open = 0;    // not done
  };

  void apply(const Op& op);
  // Forgets deliveries to sessions that are gone. apply() does so now and then.
  void sweep();

  const absl::btree_map<uint64_t, Session>& sessions() const { return sessions_; }
  const absl::btree_map<uint64_t, Entry>& entries() const { return entries_; }
  const std::map<std::string, MessagePtr, std::less<>>& retained() const { return retained_; }
  uint64_t next_session() const { return next_session_; }
  uint64_t next_number() const { return next_number_; }
  // About what a checkpoint would take.
  size_t bytes() const { return bytes_; }
  // Of the last checkpoint's beginning; 0 before the first.
  uint64_t checkpoint_lsn() const { return checkpoint_lsn_; }

 private:
  // Deliveries to sessions that are gone are looked for once there are so many.
  static constexpr size_t kStrayMin = 1000;
  // Deliveries of a message that are searched one by one, before they are sorted.
  static constexpr size_t kUnsortedMax = 16;

  Session* find(uint64_t key);
  static Delivery* find(Entry& entry, uint64_t session);
  void begin(const Op& op);
  void end(uint64_t key);
  void queue(const Op& op);
  void move_on(const Op& op);
  void finish(const Op& op);
  void retain();
  void erase(absl::btree_map<uint64_t, Entry>::iterator entry);

  absl::btree_map<uint64_t, Session> sessions_;              // by key
  absl::btree_map<uint64_t, Entry> entries_;                 // by message number
  std::map<std::string, MessagePtr, std::less<>> retained_;  // by topic
  MessagePtr spoken_of_;                                     // the last message op's
  uint64_t spoken_number_ = 0;
  bool spoken_is_new_ = false;  // and its deliveries so far were made by the ops after it
  uint64_t next_session_ = 1, next_number_ = 1, checkpoint_lsn_ = 0;
  size_t bytes_ = 0;
  size_t deliveries_ = 0, stray_ = 0;  // stray: to sessions that are gone
};

// JournalWalk: says an image anew as ops, in portions, while the image goes on changing.
//
// First every session, then every message with its receivers, then the retained messages. What
// changes meanwhile is told by the ops between the portions, and all ops may be told twice, so
// replaying from the first portion on gives the image at the end of the walk: a session that is not
// told yet is unknown to the ops about it, until its turn brings its state of that moment; what is
// queued for it before its turn is among the messages, which come later.
class JournalWalk {
 public:
  // Appends about `bytes_max` bytes of ops. False once there is nothing left to say.
  bool next(const JournalImage& image, size_t bytes_max, std::string& out);

 private:
  enum class Part { sessions, messages, retained, end };

  Part part_ = Part::sessions;
  uint64_t session_ = 0, number_ = 0, number_end_ = 0;  // where to go on, and to stop
  std::string topic_;
};

}  // namespace weir::mqtt
