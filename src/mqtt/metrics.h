// The broker's metrics. Hot paths count into a tally of their thread, which is added to the metrics
// once per batch of events (BrokerThread).
#pragma once

#include "base/metrics.h"

namespace weir::mqtt {

inline metrics::Counter messages_received{"weir_mqtt_messages_received_total",
                                          "PUBLISH packets received from clients"};
inline metrics::Counter messages_sent{"weir_mqtt_messages_sent_total",
                                      "PUBLISH packets sent to clients"};
inline metrics::Counter bytes_received{"weir_mqtt_bytes_received_total",
                                       "Bytes received from clients"};
inline metrics::Counter publish_bytes_sent{"weir_mqtt_publish_bytes_sent_total",
                                           "Bytes of PUBLISH packets sent to clients"};
struct SentTally {
  uint64_t messages = 0, bytes = 0;
};
inline thread_local SentTally sent_tally;

inline metrics::Counter connections_accepted{"weir_mqtt_connections_total",
                                             "Network connections accepted"};
inline metrics::Gauge connections_open{"weir_mqtt_connections", "Network connections open"};
inline metrics::Gauge clients_connected{"weir_mqtt_clients_connected",
                                        "Clients whose CONNECT was accepted"};
inline metrics::Gauge sessions_held{"weir_mqtt_sessions", "Sessions, connected or not"};

inline metrics::Counter retained_refused{"weir_mqtt_retained_refused_total",
                                         "Messages not retained for lack of room"};
inline metrics::Counter publishes_refused{
    "weir_mqtt_publishes_refused_total", "PUBLISH packets their client was not authorised to send"};
inline metrics::Counter connects_refused{"weir_mqtt_connects_refused_total",
                                         "CONNECT packets answered with a refusal"};
inline metrics::Counter protocol_faults{"weir_mqtt_protocol_faults_total",
                                        "Connections closed for breaking the protocol"};

}  // namespace weir::mqtt
