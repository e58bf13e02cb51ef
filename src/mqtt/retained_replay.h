// RetainedReplay: the retained messages that a session's new subscriptions are still to bring it.
//
// Holds one walk over the store for each filter, not what they find: whatever a client asks for, it
// costs its filters in memory, and the store is looked through only as fast as the client takes
// what is found. A filter that is subscribed to again begins again. Part of Session; its home
// thread only.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <list>
#include <string>
#include <string_view>

#include "mqtt/retained_store.h"
#include "mqtt/topic_tree.h"

namespace weir::mqtt {

class RetainedReplay {
 public:
  struct Part {
    RetainedStore::Walk walk;
    Subscription subscription;
    bool skips_qos_0 = false;  // the connection that asked is gone
    bool sends_newer = false;  // what was retained since may not have come live
  };

  void add(std::string filter, const Subscription& subscription, uint64_t version);
  // The filter's subscription has changed: what is still to come follows it.
  void renew(std::string_view filter, const Subscription& subscription);
  // The filter is unsubscribed from.
  void cancel(std::string_view filter);
  bool empty() const { return parts_.empty(); }
  Part& front() { return parts_.front(); }
  void pop_front();
  // QoS 0 dies with the connection; what is left is sent on the next one.
  void connection_ended();
  // A live message did not get through: the retained copy takes its place.
  void missed_one();

 private:
  std::list<Part> parts_;
  absl::flat_hash_map<std::string_view, std::list<Part>::iterator> by_filter_;  // into `parts_`
};

}  // namespace weir::mqtt
