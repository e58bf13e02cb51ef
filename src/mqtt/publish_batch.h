// PublishBatch: the QoS 1 and 2 publishes of one read of one connection, until every sink has
// stored them and they are answered.
//
// The session keeps its batches in the order they came, so that answers keep it too, and takes them
// along when it moves; the connection that brought a batch may be gone by the time it is stored. A
// QoS 2 message is routed only then: until it is stored a client may have to send it again, and it
// must not reach anybody twice. Filled by the connection; then the counters belong to the sinks'
// threads and the rest to the session's home thread. MQTT 5 §4.3.3.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "mqtt/message.h"
#include "mqtt/reason.h"
#include "mqtt/receiver.h"

namespace weir::mqtt {

struct PublishBatch {
  enum class Kind : uint8_t {
    at_least_once,  // QoS 1
    exactly_once,   // QoS 2, seen for the first time
    repeated,       // QoS 2, of a message that is known already
  };
  struct Answer {
    uint16_t packet_id = 0;
    Kind kind = Kind::at_least_once;
    Reason reason = Reason::success;  // as known before the sinks were asked
  };

  std::shared_ptr<Receiver> receiver;  // of the publisher
  uint32_t thread = 0;                 // with `connection`: who is to be answered
  uint64_t connection = 0;
  std::vector<Answer> answers;
  std::vector<MessagePtr> unrouted;  // one for each exactly_once without a refusal, in their order
  std::atomic<size_t> sinks_to_wait_for = 0;
  Guarded<std::optional<Error>> failure;
  std::atomic<bool> settled = false;  // set by whoever routes what is unrouted

  bool is_stored() const { return sinks_to_wait_for == 0; }
};

}  // namespace weir::mqtt
