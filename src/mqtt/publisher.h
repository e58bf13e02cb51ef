// A small blocking MQTT client that publishes: `weir sensor`, the command line and tests.
//
// Connects (3.1.1 or 5), publishes, waits for acknowledgements, keeps alive, leaves with
// DISCONNECT: a ClientSession on a socket that is waited for. One thread per object.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/blocking_socket.h"
#include "net/tls_context.h"

namespace weir::mqtt {

struct PublisherOptions {
  std::string host = "127.0.0.1";  // or "unix:/path"
  uint16_t port = 1883;
  std::string client_id;  // empty: the server assigns one
  std::optional<std::string> user, password;
  int protocol_version = 4;
  uint16_t keep_alive_s = 60;
  int64_t timeout_ms = 10'000;
  std::shared_ptr<const net::TlsContext> tls = nullptr;  // set: MQTT over TLS
  net::WaitCheck check = nullptr;                        // asked in all waits; its error ends them
};

class Publisher {
 public:
  // Errors name host, port and the system's or the broker's reason.
  static Result<std::unique_ptr<Publisher>> connect(const PublisherOptions& options);
  virtual ~Publisher() = default;
  // QoS 0: returns when written. QoS 1 and 2: returns when acknowledged.
  virtual Result<void> publish(std::string_view topic, std::string_view payload, uint8_t qos,
                               bool retain) = 0;
  // Answers the keep-alive's need when nothing is published; call at least every few seconds.
  virtual Result<void> idle(int64_t for_ms) = 0;
  virtual Result<void> disconnect() = 0;
};

}  // namespace weir::mqtt
