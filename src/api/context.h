// What every resource of the API works with. Made once by Api (server_api.h); the parts outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "mqtt/client_status.h"
#include "query/query.h"

namespace weir {
class Workers;
}
namespace weir::ingest {
class Pipeline;
}
namespace weir::meta {
class Meta;
}
namespace weir::mqtt {
class Broker;
}

namespace weir::api {

class LiveHub;

// The version of InfluxDB whose API this is; clients choose their behaviour by it.
inline constexpr const char* kInfluxVersion = "v2.7.12";

// What this server is, as the API tells it.
struct ServerInfo {
  std::string version;  // weir's own: "0.1.0"
  std::string commit;
  int64_t started_ns = 0;
  std::string mqtt_listen;  // "127.0.0.1:1883"; empty: nothing takes plain MQTT over TCP
  struct Listener {
    std::string name, url;  // "mqtt.listen_tls", "mqtts://127.0.0.1:8883"
  };
  std::vector<Listener> mqtt_listeners = {};
  // The address taken, known once the server listens; any thread.
  std::function<std::string()> http_listen;
  bool anonymous_mqtt = false;
  // The broker that is consumed, and bridges; any thread. Empty function: none.
  std::function<std::vector<mqtt::ClientStatus>()> other_brokers = {};
};

// Where a backup goes: `begin` is told about how many bytes will come, `write` takes them and
// returns false when the receiver is gone.
struct BackupReceiver {
  std::function<void(uint64_t bytes)> begin;
  std::function<bool(std::string_view)> write;
};

struct Context {
  meta::Meta& meta;
  store::Store& store;
  query::Engine& queries;
  Workers& workers;    // queries, changes of metadata, large writes
  Workers& passwords;  // hashing, which strangers ask for: they keep only each other waiting
  const Clock& clock;
  ServerInfo info;
  mqtt::Broker* broker = nullptr;        // null: no broker runs
  ingest::Pipeline* pipeline = nullptr;  // null: nothing is ingested
  LiveHub* live = nullptr;               // null: no live view
  query::Limits query_limits = {};       // of each query
  size_t queries_at_once = 2;            // more wait,
  size_t queries_waiting_max = 1000;     // so many; beyond that they are refused
  // Takes a backup of everything and sends it, as an archive; blocks. Empty: not offered.
  std::function<Result<void>(const BackupReceiver&)> backup = {};
};

}  // namespace weir::api
