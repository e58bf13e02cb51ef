// Identity: who a client was found to be when it connected, and what it may do.
//
// Made by the listener's Authenticate, kept by the connection and its protocol. Immutable.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::mqtt {

// Which topics one client may use, as an access control list says. Shared between threads and asked
// for each publish, subscription and delivery, so it must be quick.
class TopicAccess {
 public:
  virtual ~TopicAccess() = default;
  virtual bool may_publish(std::string_view topic) const = 0;
  // Whether the client may be given messages of this topic.
  virtual bool may_receive(std::string_view topic) const = 0;
  // Whether a subscription could give it anything it may receive. `filter` is without
  // "$share/NAME/".
  virtual bool may_subscribe(std::string_view filter) const = 0;
  // For whoever reads the log: the rule by which it may not publish to the topic.
  virtual std::string why_not_publish(std::string_view topic) const = 0;
};

struct Identity;

// What an identity rests on: a user, a token, a line of a file. Asked again when any of them may
// have changed (Broker::review_identities).
class Standing {
 public:
  virtual ~Standing() = default;
  // The identity as it is now, or an error: the client would not be admitted any more. Any thread;
  // does not block.
  virtual Result<Identity> now() const = 0;
  // For whoever reads the log: what it lacks to publish anything, when it may publish nothing.
  virtual std::string why_not_publish() const = 0;
};

struct Identity {
  std::string user;  // empty: anonymous
  bool may_publish = true, may_subscribe = true;
  // Which topics it may use of those; null: all.
  std::shared_ptr<const TopicAccess> topics = nullptr;
  std::shared_ptr<const Standing> standing = nullptr;  // null: it never changes
};

inline bool may_publish(const Identity& who, std::string_view topic) {
  return who.may_publish && (who.topics == nullptr || who.topics->may_publish(topic));
}
// Of one that may not; for the log, as it may name users and files.
inline std::string why_not_publish(const Identity& who, std::string_view topic) {
  if (who.may_publish && who.topics != nullptr) return who.topics->why_not_publish(topic);
  return who.standing != nullptr ? who.standing->why_not_publish() : "it may publish nothing";
}
// `filter` is without "$share/NAME/".
inline bool may_subscribe(const Identity& who, std::string_view filter) {
  return who.may_subscribe && (who.topics == nullptr || who.topics->may_subscribe(filter));
}

}  // namespace weir::mqtt
