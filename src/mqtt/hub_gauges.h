// Hub::Gauges: the hub's figures as metrics, for as long as it lives. Read on any thread.
#pragma once

#include "base/metrics.h"
#include "mqtt/hub.h"

namespace weir::mqtt {

struct Hub::Gauges {
  explicit Gauges(const Hub& hub);
  metrics::CallbackGauge subscriptions, shared_subscriptions, retained_messages, retained_bytes,
      queued_messages, queued_bytes, in_flight_in, in_flight_out;
};

}  // namespace weir::mqtt
