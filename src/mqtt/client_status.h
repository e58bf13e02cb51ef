// What is told of a connection to another broker: in the API, at /metrics, in logs.
#pragma once

#include <cstdint>
#include <string>

namespace weir::mqtt {

struct ClientStatus {
  std::string name;  // "broker", "bridge NAME"
  std::string url;   // without password
  std::string client_id;
  bool connected = false;
  bool subscribed = false;   // the broker has granted every filter on this connection
  int protocol_version = 0;  // 4 or 5, of the present or last connection; 0: none yet
  int64_t since_ns = 0;      // connected, or not connected, since; wall clock
  uint64_t connects = 0;     // accepted by the broker since the program started
  std::string last_error;    // of the last connection or attempt that failed; empty: none
  int64_t last_error_ns = 0;
  uint64_t messages_in = 0, messages_out = 0;
  uint64_t unacknowledged = 0;  // received, and not stored yet
  uint64_t waiting = 0;         // to be published, and not acknowledged yet
};

}  // namespace weir::mqtt
