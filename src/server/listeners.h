// The broker's listeners: opened as configured, with their certificates, and closed together.
//
// Used by app.cc. `config`, the io threads and the broker outlive it. refresh_certificates() may
// come from any thread but an io thread; the rest from the one that starts and stops the program.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/router.h"
#include "http/server.h"
#include "mqtt/broker.h"
#include "net/listener.h"
#include "server/config.h"

namespace weir::server {

// TLS as the configuration has it; those who share options share the certificates.
class Certificates {
 public:
  // Null for null. Errors name the setting, the file and the remedy.
  Result<std::shared_ptr<net::TlsServer>> open(
      const std::shared_ptr<const net::TlsServerOptions>& options);
  // Reads again what changed, or everything.
  void refresh(bool even_if_unchanged);

 private:
  struct Opened {
    std::shared_ptr<const net::TlsServerOptions> options;
    std::shared_ptr<net::TlsServer> server;
  };
  std::vector<Opened> opened_;  // complete before refresh() is called
};

// Where clients of the broker may connect.
struct ListenerAddress {
  std::string name;  // "mqtt.listen_tls"
  std::string url;   // "mqtts://127.0.0.1:8883", "unix:/run/weir.sock"
};

class BrokerListeners {
 public:
  // What decides on the clients of a listener.
  using AuthenticateAt = std::function<mqtt::Authenticate(const MqttListener&)>;
  BrokerListeners(net::IoThreads& threads, mqtt::Broker& broker, AuthenticateAt authenticate)
      : threads_(threads), broker_(broker), authenticate_(std::move(authenticate)) {}

  Result<void> open(const Config& config, Certificates& certificates);
  // MQTT over WebSocket at /mqtt of the program's own HTTP port.
  void mount(const Config& config, http::Router& router);
  std::vector<ListenerAddress> addresses() const;
  // Of the first listener over plain TCP; empty if there is none.
  std::string plain_address() const;
  void stop_accepting();
  // After the broker has let its clients go.
  void close();

 private:
  // A port that speaks nothing but WebSocket.
  struct WebSocketPort {
    http::Router router;
    std::unique_ptr<http::Server> server;
  };
  struct Open {
    const MqttListener* listener;
    std::unique_ptr<net::Listener> stream;  // one of these two
    std::unique_ptr<WebSocketPort> websocket;
  };

  mqtt::ListenerPolicyPtr policy_for(const MqttListener& listener) const;
  http::WebSocketHandler websocket_handler(mqtt::ListenerPolicyPtr policy) const;
  Result<Open> open_one(const Config& config, const MqttListener& listener,
                        Certificates& certificates);

  net::IoThreads& threads_;
  mqtt::Broker& broker_;
  const AuthenticateAt authenticate_;
  std::vector<Open> open_;
};

// Whether every address of the configuration is free, before anything is made. Names all that are
// not.
Result<void> check_addresses(const Config& config);

// What to do about an address that cannot be listened on.
Error cannot_listen(std::string_view key, Error error);

}  // namespace weir::server
