// Hub: the metrics whose values are asked for when they are read.
#include "mqtt/hub_gauges.h"
#include "base/metrics.h"
#include "mqtt/hub.h"

namespace weir::mqtt {

Hub::Gauges::Gauges(const Hub& hub)
    : subscriptions("weir_mqtt_subscriptions", "Subscriptions, shared ones included",
                    [&hub] { return static_cast<double>(hub.tree.size()); }),
      shared_subscriptions("weir_mqtt_shared_subscriptions", "Memberships of shared subscriptions",
                           [&hub] { return static_cast<double>(hub.tree.shared_size()); }),
      retained_messages("weir_mqtt_retained_messages", "Retained messages, $SYS included",
                        [&hub] { return static_cast<double>(hub.retained.size()); }),
      retained_bytes("weir_mqtt_retained_bytes", "Bytes of retained messages",
                     [&hub] { return static_cast<double>(hub.retained.bytes()); }),
      queued_messages("weir_mqtt_queued_messages", "Messages that wait for a client",
                      [&hub] { return static_cast<double>(hub.totals.queued_messages.load()); }),
      queued_bytes("weir_mqtt_queued_bytes",
                   "Bytes of messages that wait for a client or for its acknowledgement",
                   [&hub] { return static_cast<double>(hub.totals.queued_bytes.load()); }),
      in_flight_in(
          "weir_mqtt_in_flight", "QoS 1 and 2 exchanges that are not finished",
          [&hub] { return static_cast<double>(hub.totals.in_flight_in.load()); },
          R"(from="client")"),
      in_flight_out(
          "weir_mqtt_in_flight", "QoS 1 and 2 exchanges that are not finished",
          [&hub] { return static_cast<double>(hub.totals.in_flight_out.load()); },
          R"(from="broker")") {}

}  // namespace weir::mqtt
