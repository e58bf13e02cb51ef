// The table of all settings: their keys, defaults and what `weir run --help` says of them.
#include <array>

#include "server/config.h"

namespace weir::server {
namespace {

constexpr std::array kSettings{
    Setting{"data_dir", "weir-data", "directory of everything that is stored"},
    Setting{"http.listen", ":8086",
            "address of the API and the web interface; port 0 takes a free one"},
    Setting{"http.tls_certificate", "",
            "PEM file with the certificate and its chain: HTTPS in place of HTTP"},
    Setting{"http.tls_key", "", "PEM file with the key of http.tls_certificate"},
    Setting{"http.body_bytes_max", "64MiB", "largest request body, after decompression"},
    Setting{"mqtt.listen", ":1883",
            "address of the MQTT broker; port 0 takes a free one; off: none without TLS"},
    Setting{"mqtt.listen_tls", "", "address for MQTT over TLS, usually :8883"},
    Setting{"mqtt.listen_websocket", "", "address for MQTT over WebSocket, usually :9001"},
    Setting{"mqtt.listen_websocket_tls", "",
            "address for MQTT over WebSocket and TLS, usually :8084"},
    Setting{"mqtt.listen_unix", "", "path of a unix socket for MQTT"},
    Setting{"mqtt.listen_http", "true", "MQTT over WebSocket at /mqtt of http.listen as well"},
    Setting{"mqtt.tls_certificate", "", "PEM file with the certificate and its chain"},
    Setting{"mqtt.tls_key", "", "PEM file with the key of mqtt.tls_certificate"},
    Setting{"mqtt.tls_client_ca", "", "PEM file with the authorities of clients' certificates"},
    Setting{"mqtt.tls_client_certificate", "none",
            "whether clients show a certificate: none, optional or required"},
    Setting{"mqtt.tls_certificate_as_user", "false",
            "the common name in a client's certificate is its user name, and no password needed"},
    Setting{"mqtt.tls_min_version", "1.2", "oldest version of TLS: 1.2 or 1.3"},
    Setting{"mqtt.proxy_protocol", "false",
            "clients come through a proxy that sends PROXY headers, versions 1 or 2"},
    Setting{"mqtt.allow_anonymous", "loopback",
            "who may connect without a name: loopback, true (everyone) or false (nobody)"},
    Setting{"mqtt.password_file", "", "Mosquitto-format file of users and their hashed passwords"},
    Setting{"mqtt.acl_file", "", "Mosquitto-format file of who may use which topics"},
    Setting{"mqtt.max_packet_size", "1MiB", "largest MQTT packet"},
    Setting{"mqtt.max_inflight", "20", "QoS 1 and 2 messages a client may have unacknowledged"},
    Setting{"mqtt.max_queued_messages", "1000", "QoS 1 and 2 messages queued for one client"},
    Setting{"mqtt.max_queued_bytes", "8MiB", "bytes queued for one client"},
    Setting{"mqtt.max_keep_alive", "65535", "longest keep-alive in seconds"},
    Setting{"mqtt.max_qos", "2", "highest quality of service: 0, 1 or 2"},
    Setting{"mqtt.retain_available", "true", "whether messages are retained"},
    Setting{"mqtt.topic_alias_max", "10", "topic aliases of a client, and of the server to it"},
    Setting{"mqtt.sys_interval", "10", "seconds between two tellings of $SYS/broker/#; 0: never"},
    Setting{"mqtt.max_connections", "20000", "clients connected at once"},
    Setting{"mqtt.max_connections_per_address", "0", "of them from one address; 0: no limit"},
    Setting{"mqtt.max_connection_rate", "0", "new connections in a second, in all; 0: no limit"},
    Setting{"mqtt.max_message_rate", "0", "messages a client may publish in a second; 0: no limit"},
    Setting{"mqtt.max_byte_rate", "0", "bytes a client may send in a second; 0: no limit"},
    Setting{"mqtt.durability", "sync",
            "when sessions and retained messages are on disk: sync (before the acknowledgement), "
            "interval:1s, none"},
    Setting{"broker.url", "",
            "another broker to consume instead of being one: mqtt://[user:password@]host[:port], "
            "mqtts://, ws://, wss://"},
    Setting{"broker.topics", "#", "what to subscribe to there: topic filters with commas between"},
    Setting{"broker.client_id", "", "client identifier; empty: one of weir's own, which it keeps"},
    Setting{"broker.user", "", "user name"},
    Setting{"broker.password", "", "password"},
    Setting{"broker.token", "", "token, given as the password"},
    Setting{"broker.version", "auto", "4 (MQTT 3.1.1), 5, or auto: 5, and 4 where that is refused"},
    Setting{"broker.clean", "false", "begin anew at each connection: what came meanwhile is lost"},
    Setting{"broker.session_expiry", "7d",
            "how long the broker keeps messages for weir while it is away (MQTT 5)"},
    Setting{"broker.ca_file", "", "authorities to trust (PEM); empty: those of the system"},
    Setting{"broker.certificate_file", "", "weir's certificate (PEM)"},
    Setting{"broker.key_file", "", "the key of weir's certificate (PEM)"},
    Setting{"broker.insecure", "false", "accept any certificate of the broker"},
    Setting{"broker.keep_alive", "60", "keep-alive in seconds; 0: none"},
    Setting{"broker.qos", "1", "quality of service of the subscriptions: 0, 1 or 2"},
    Setting{"broker.receive_maximum", "1000",
            "messages the broker may send before the first is stored (MQTT 5)"},
    Setting{"store.durability", "sync",
            "when a write is acknowledged: sync (after fdatasync), interval:1s, none"},
    Setting{"store.head_bytes_max", "0",
            "memory for points not yet sealed into chunks; 0: a quarter of the machine's, at most "
            "1GiB"},
    Setting{"store.max_series_per_bucket", "0",
            "series a bucket takes; points of further ones are refused; 0: no limit"},
    Setting{"query.memory_bytes_max", "512MiB", "memory one query may hold"},
    Setting{"query.duration_max", "60s", "time one query may take"},
    Setting{"query.max_rows", "0", "rows the answer of one query may have; 0: no limit"},
    Setting{"query.concurrency", "0",
            "queries that run at once, while others wait; 0: as many as threads.workers"},
    Setting{"query.queue_size", "1000", "queries that may wait; beyond that they are refused"},
    Setting{"query.allowed_hosts", "",
            "hosts that queries may send requests to: host, host:port, *.domain or *, with commas "
            "between; empty: none"},
    Setting{"query.ca_file", "",
            "authorities that queries trust at https:// (PEM); empty: those of the system"},
    Setting{"threads.io", "0", "event loops; 0: one per core, at most 4"},
    Setting{"threads.workers", "2", "threads for queries, large bodies and changes of metadata"},
    Setting{"log.level", "info", "error, warn, info or debug"},
};

}  // namespace

std::span<const Setting> all_settings() { return kSettings; }

std::string flag_of(std::string_view key) {
  std::string flag = "--";
  for (char c : key) flag += c == '.' || c == '_' ? '-' : c;
  return flag;
}

std::string variable_of(std::string_view key) {
  std::string variable = "WEIR_";
  for (char c : key) {
    variable += c == '.' ? '_' : static_cast<char>(toupper(static_cast<unsigned char>(c)));
  }
  return variable;
}

}  // namespace weir::server
