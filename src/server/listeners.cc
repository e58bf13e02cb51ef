#include "server/listeners.h"

#include <fmt/core.h>

#include <algorithm>

#include "http/error_response.h"
#include "http/websocket_stream.h"
#include "mqtt/packet.h"
#include "server/config_listeners.h"

namespace weir::server {
namespace {

// MQTT's names among WebSocket's subprotocols: versions 3.1.1 and 5, and 3.1.
const std::vector<std::string> kSubprotocols{"mqtt", "mqttv3.1"};
// A WebSocket's handshake is one small request.
constexpr size_t kHandshakeBytesMax = 16 * 1024;
constexpr std::string_view kPath = "/mqtt";

// A packet a message: the standard lets any client take them as they come (MQTT 5 §6.0), but Paho's
// for C and C++ and others leave all but the first few lying when a message has more.
size_t size_of_first_packet(std::string_view bytes) {
  mqtt::Frame frame;
  const bool is_whole = mqtt::cut_frame(bytes, UINT32_MAX, frame) == mqtt::Cut::complete;
  return is_whole ? frame.size_bytes : bytes.size();
}

}  // namespace

Result<std::shared_ptr<net::TlsServer>> Certificates::open(
    const std::shared_ptr<const net::TlsServerOptions>& options) {
  if (options == nullptr) return std::shared_ptr<net::TlsServer>();
  for (const Opened& before : opened_) {
    if (before.options == options) return before.server;
  }
  WEIR_TRY(auto server, net::TlsServer::open(*options));
  opened_.push_back({options, server});
  return server;
}

void Certificates::refresh(bool even_if_unchanged) {
  for (const Opened& one : opened_) (void)one.server->refresh(even_if_unchanged);
}

Error cannot_listen(std::string_view key, Error error) {
  const bool is_taken = error.code == Errc::conflict;
  error = std::move(error).with_context(key);
  if (is_taken) error.message += "; stop what listens there, or choose another address";
  return error;
}

Result<void> check_addresses(const Config& config) {
  std::vector<std::string> names{"http.listen"};
  std::vector<net::ListenAddress> addresses{config.http_listen};
  for (const MqttListener& listener : config.mqtt_listeners) {
    names.push_back(listener.name);
    addresses.push_back(listener.address);
  }
  auto answers = net::try_listening(addresses);
  std::string mistakes;
  Errc code = Errc::io;
  for (size_t i = 0; i < answers.size(); i++) {
    if (answers[i].ok()) continue;
    const Error error = cannot_listen(names[i], std::move(answers[i]).error());
    mistakes += (mistakes.empty() ? "" : "\n") + error.message;
    code = error.code;
  }
  if (mistakes.empty()) return {};
  return Error{code, std::move(mistakes)};
}

mqtt::ListenerPolicyPtr BrokerListeners::policy_for(const MqttListener& listener) const {
  auto policy = std::make_shared<mqtt::ListenerPolicy>();
  policy->name = listener.name;
  policy->transport = transport_of(listener);
  policy->authenticate = authenticate_(listener);
  policy->connections_max = listener.connections_max;
  policy->packet_bytes_max = listener.packet_bytes_max;
  policy->keep_alive_s_max = listener.keep_alive_s_max;
  policy->qos_max = listener.qos_max;
  return policy;
}

http::WebSocketHandler BrokerListeners::websocket_handler(mqtt::ListenerPolicyPtr policy) const {
  auto adopt = [&broker = broker_,
                policy = std::move(policy)](std::unique_ptr<net::Stream> stream) {
    broker.adopt(std::move(stream), policy);
  };
  return http::websocket_stream_handler(kSubprotocols, size_of_first_packet, std::move(adopt));
}

Result<BrokerListeners::Open> BrokerListeners::open_one(const Config& config,
                                                        const MqttListener& listener,
                                                        Certificates& certificates) {
  net::ListenOptions options;
  WEIR_TRY(options.tls, certificates.open(listener.tls));
  options.proxy_protocol = listener.proxy_protocol;
  Open open{&listener, nullptr, nullptr};
  if (!listener.is_websocket) {
    auto stream = broker_.listen(listener.address, policy_for(listener), std::move(options));
    if (!stream.ok()) return cannot_listen(listener.name, std::move(stream).error());
    open.stream = std::move(*stream);
    return open;
  }
  http::ServerOptions server_options;
  server_options.listen = std::move(options);
  server_options.head_bytes_max = kHandshakeBytesMax;
  server_options.body_bytes_max = kHandshakeBytesMax;
  server_options.idle_ms_max = server_options.request_ms_max = config.broker.connect_ms_max;
  server_options.connections_max =
      std::min(listener.connections_max, config.broker.connections_max);
  open.websocket = std::make_unique<WebSocketPort>();
  open.websocket->router.set_websocket_fallback(websocket_handler(policy_for(listener)));
  auto server = http::Server::open(threads_, listener.address, open.websocket->router,
                                   std::move(server_options));
  if (!server.ok()) return cannot_listen(listener.name, std::move(server).error());
  open.websocket->server = std::move(*server);
  return open;
}

Result<void> BrokerListeners::open(const Config& config, Certificates& certificates) {
  for (const MqttListener& listener : config.mqtt_listeners) {
    WEIR_TRY(Open opened, open_one(config, listener, certificates));
    open_.push_back(std::move(opened));
  }
  return {};
}

void BrokerListeners::mount(const Config& config, http::Router& router) {
  if (!config.mqtt_over_http) return;
  MqttListener listener;
  listener.name = "mqtt.listen_http";
  listener.is_websocket = true;
  listener.tls = config.http_tls;
  listener.anonymous = config.anonymous;
  listener.access = config.access;
  router.add_websocket(kPath, websocket_handler(policy_for(listener)));
}

std::vector<ListenerAddress> BrokerListeners::addresses() const {
  std::vector<ListenerAddress> all;
  for (const Open& one : open_) {
    const std::string_view transport = transport_of(*one.listener);
    const std::string address =
        one.stream != nullptr ? one.stream->address() : one.websocket->server->address();
    std::string url = address;
    if (one.listener->address.path.empty()) {
      const std::string_view scheme = transport == "tcp"   ? "mqtt"
                                      : transport == "tls" ? "mqtts"
                                                           : transport;
      url = fmt::format("{}://{}", scheme, address);
      if (one.listener->is_websocket) url += kPath;
    }
    all.push_back({one.listener->name, std::move(url)});
  }
  return all;
}

std::string BrokerListeners::plain_address() const {
  for (const Open& one : open_) {
    if (transport_of(*one.listener) == "tcp" && !one.listener->proxy_protocol)
      return one.stream->address();
  }
  return {};
}

void BrokerListeners::stop_accepting() {
  for (Open& one : open_) {
    if (one.stream != nullptr) one.stream->stop();
  }
}

void BrokerListeners::close() {
  for (Open& one : open_) {
    if (one.websocket != nullptr) one.websocket->server->stop(0);
  }
}

}  // namespace weir::server
