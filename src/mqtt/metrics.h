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
inline metrics::Counter connections_turned_away{
    "weir_mqtt_connections_turned_away_total",
    "Network connections beyond the rate of connections, or too many of one address"};
inline metrics::Counter rests_for_rate{"weir_mqtt_rate_limited_total",
                                       "Times a client was read no further for sending too fast"};
inline metrics::Counter protocol_faults{"weir_mqtt_protocol_faults_total",
                                        "Connections closed for breaking the protocol"};

inline metrics::Gauge journal_bytes{"weir_mqtt_journal_bytes",
                                    "Size of the log of sessions and retained messages"};
inline metrics::Counter journal_written_bytes{"weir_mqtt_journal_written_bytes_total",
                                              "Bytes appended to the broker's journal"};
inline metrics::Histogram journal_sync_seconds{
    "weir_mqtt_journal_sync_seconds",
    "Time one sync of the broker's journal takes",
    {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1}};
inline metrics::Gauge journal_stalled{"weir_mqtt_journal_stalled",
                                      "1 while the journal waits for room on its disk"};
inline metrics::Gauge journal_failed{
    "weir_mqtt_journal_failed",
    "1 when the journal stopped trusting its disk: what it would hold is refused"};
inline metrics::Gauge sessions_recovered{"weir_mqtt_sessions_recovered",
                                         "Sessions found in the journal at the start"};

}  // namespace weir::mqtt
