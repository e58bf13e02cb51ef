// PublishSink: what takes every accepted publish besides subscribers: the mapping to points, the
// live view.
//
// The broker calls accept() once for all publishes of one read of one connection, on that
// connection's io thread, so several threads call it at once. `stored` is called exactly once, on
// any thread, when the messages are as durable as the sink promises: PUBACK and PUBREC of QoS 1 and
// 2 messages wait for it. An error refuses those acknowledgements (MQTT 5: reason 0x80; 3.1.1: the
// connection closes), it never stops the broker. A sink that promises nothing calls it at once.
#pragma once

#include <functional>
#include <span>

#include "base/result.h"
#include "mqtt/message.h"

namespace weir::mqtt {

class PublishSink {
 public:
  virtual ~PublishSink() = default;
  using Stored = std::function<void(Result<void>)>;
  virtual void accept(std::span<const MessagePtr> messages, Stored stored) = 0;
  // True while the sink is over its bound: the broker then pauses reading from publishers and
  // asks again shortly.
  virtual bool congested() const { return false; }
};

}  // namespace weir::mqtt
