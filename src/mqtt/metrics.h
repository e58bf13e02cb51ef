// The broker's metrics. Hot paths count into a tally of their thread, which is added to the metrics
// once per batch of events (BrokerThread).
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "mqtt/reason.h"

namespace weir::mqtt {

inline metrics::Counter messages_received{"weir_mqtt_messages_received_total",
                                          "PUBLISH packets received from clients"};
inline metrics::Counter messages_sent{"weir_mqtt_messages_sent_total",
                                      "PUBLISH packets sent to clients"};
inline metrics::Counter bytes_received{"weir_mqtt_bytes_received_total",
                                       "Bytes received from clients"};
inline metrics::Counter publish_bytes_sent{"weir_mqtt_publish_bytes_sent_total",
                                           "Bytes of PUBLISH packets sent to clients"};
inline metrics::Counter bytes_sent{"weir_mqtt_bytes_sent_total", "Bytes sent to clients"};
inline metrics::Counter payload_bytes_received{"weir_mqtt_publish_payload_bytes_received_total",
                                               "Payload bytes of PUBLISH packets from clients"};
inline metrics::Counter payload_bytes_sent{"weir_mqtt_publish_payload_bytes_sent_total",
                                           "Payload bytes of PUBLISH packets sent to clients"};

// What one thread's connections took and gave since its last batch, by packet type.
struct PacketTally {
  std::array<uint64_t, 16> received = {}, sent = {};
  uint64_t messages_received = 0, bytes_sent = 0, payload_received = 0, payload_sent = 0;
  bool is_empty = true;

  void count_received(size_t type) {
    received[type & 15]++;
    is_empty = false;
  }
  // `packets`: whole ones.
  void count_sent(std::string_view packets);
};
inline thread_local PacketTally packet_tally;
// Adds this thread's tally to the metrics.
void settle_packet_tally();

struct PacketTotals {
  uint64_t received = 0, sent = 0;  // packets of every type
  uint64_t connects = 0, publishes_received = 0, publishes_sent = 0;
};
PacketTotals packet_totals();

// A refused CONNECT, by the reason given.
void count_refusal(Reason reason);
// The gauge of clients connected to this listener with this version: 3, 4 (3.1.1) or 5.
metrics::Gauge& clients_of(const std::string& listener, int version);

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
    "weir_mqtt_publishes_refused_total",
    "Publishes that their client was not authorised to send: PUBLISH packets, wills at CONNECT and "
    "wills that were due"};
inline metrics::Counter connections_turned_away{
    "weir_mqtt_connections_turned_away_total",
    "Network connections beyond the most there may be, their rate, or the most of one address"};
inline metrics::Counter rests_for_rate{"weir_mqtt_rate_limited_total",
                                       "Times a client was read no further for sending too fast"};
inline metrics::Counter sessions_expired{"weir_mqtt_sessions_expired_total",
                                         "Sessions whose client did not come back in time"};
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
