// What a bridge copies, written as Mosquitto's `topic` lines, and how topics change on the way.
//
//   [topic] FILTER [out|in|both [QOS [LOCAL_PREFIX [REMOTE_PREFIX]]]]
//   out|in|both FILTER [QOS [LOCAL_PREFIX [REMOTE_PREFIX]]]
//
// out copies from here to the other broker, which is what is done when nothing is said, in the
// other way. A local topic is LOCAL_PREFIX and what FILTER matches, the remote one REMOTE_PREFIX
// and the same; "" or '' is no prefix, and as FILTER: the prefixes are whole topics. Of several
// lines that match the first holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mqtt/client_session.h"

namespace weir::mqtt {

struct BridgeTopic {
  bool out = false, in = false;
  std::string filter;
  uint8_t qos = 0;
  std::string local_prefix, remote_prefix;

  std::string local_filter() const { return local_prefix + filter; }
  std::string remote_filter() const { return remote_prefix + filter; }
};
Result<BridgeTopic> parse_bridge_topic(std::string_view line);

class BridgeTopics {
 public:
  explicit BridgeTopics(std::vector<BridgeTopic> topics = {}) : topics_(std::move(topics)) {}

  // The topic at the other side, or nothing when it is not copied.
  std::optional<std::string> to_remote(std::string_view local) const;
  std::optional<std::string> to_local(std::string_view remote) const;
  bool has_out() const;

  // What to subscribe to at each side: not what the bridge itself published, with the flag of
  // retained messages as it was.
  std::vector<WantedSubscription> local_subscriptions() const;
  std::vector<WantedSubscription> remote_subscriptions() const;

 private:
  std::vector<BridgeTopic> topics_;
};

}  // namespace weir::mqtt
