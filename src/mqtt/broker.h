// The broker: sessions, subscriptions, retained messages; routes each publish to its receivers.
//
// server/ opens it with listeners; api/ reads its clients and retained messages; tasks/ publish
// through it. Connections live on the io threads; what they share (topic tree, retained, session
// table) is inside the broker behind its own locks. MQTT 3.1.1 and 5 (OASIS); what is not offered
// yet is refused with its reason code: docs/mqtt.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "mqtt/identity.h"
#include "mqtt/message.h"
#include "mqtt/sink.h"
#include "net/listener.h"

namespace weir::mqtt {

// Who a CONNECT claims to be. `transport_is_loopback` lets a policy admit local anonymous clients.
struct Credentials {
  std::string client_id;
  std::optional<std::string> user, password;
  net::Peer peer;
};
// Decides on a CONNECT; may block (password hashing), so it runs on a worker and calls back from
// there. Errc::unauthorized: bad user name or password; Errc::forbidden: not authorised.
// An empty function admits everyone as anonymous.
using Authenticate = std::function<void(Credentials, std::function<void(Result<Identity>)>)>;

// What one listener asks of its clients: listeners of one broker may differ in it.
struct ListenerPolicy {
  std::string name = "mqtt.listen";  // as logs and the list of clients call it
  Authenticate authenticate;
};
using ListenerPolicyPtr = std::shared_ptr<const ListenerPolicy>;

struct BrokerOptions {
  uint32_t packet_bytes_max = 1024 * 1024;
  uint16_t receive_maximum = 20;      // QoS 1 and 2 publishes a client may have unacknowledged
  size_t queued_messages_max = 1000;  // per client, QoS 1 and 2 beyond its window
  size_t queued_bytes_max = 8 * 1024 * 1024;
  size_t queued_bytes_total_max = 512 * 1024 * 1024;  // of all clients' queues together
  size_t unsent_bytes_max = 4 * 1024 * 1024;          // per connection; QoS 0 is dropped beyond it
  uint16_t keep_alive_s_max = 65535;
  uint8_t qos_max = 2;           // of publishes, wills and subscriptions
  bool retain_available = true;  // otherwise nothing is retained
  uint16_t topic_alias_max =
      10;  // of clients' topics on one connection, and of the server's to each
  size_t retained_messages_max = 100'000;
  size_t retained_bytes_max = 256 * 1024 * 1024;
  size_t connections_max = 20'000;
  size_t sessions_max = 100'000;    // connected or kept for their client's return
  int64_t connect_ms_max = 10'000;  // from accept to CONNECT
};

// A connected client, as the API and the page Clients show it.
struct ClientInfo {
  std::string client_id, user, peer;
  int protocol_version = 4;  // 4: MQTT 3.1.1, 5: MQTT 5
  int64_t connected_at_ns = 0;
  uint16_t keep_alive_s = 0;
  uint64_t messages_in = 0, messages_out = 0, bytes_in = 0, bytes_out = 0, dropped = 0;
  std::vector<std::string> subscriptions;
};

class Broker {
 public:
  // `threads`, `clock` and the sinks outlive the broker.
  static std::unique_ptr<Broker> make(net::IoThreads& threads, const Clock& clock,
                                      BrokerOptions options, std::vector<PublishSink*> sinks);
  virtual ~Broker() = default;

  virtual Result<std::unique_ptr<net::Listener>> listen(const net::ListenAddress& address,
                                                        ListenerPolicyPtr policy) = 0;
  // Takes over a connected stream, on its io thread: a WebSocket, or what another listener
  // accepted.
  virtual void adopt(std::unique_ptr<net::Stream> stream, ListenerPolicyPtr policy) = 0;

  // Publishes as the server itself; sinks see it as from client id "$weir" (unless one is set).
  // A message whose topic is no valid name is logged and dropped. Any thread.
  virtual void publish(MessagePtr message) = 0;

  virtual std::vector<ClientInfo> clients() const = 0;
  // Retained messages whose topic matches the filter, at most `most`.
  virtual std::vector<MessagePtr> retained(std::string_view filter, size_t most) const = 0;

  // Disconnects everyone (MQTT 5: reason 0x8B, server shutting down) and forgets the sessions;
  // wills are not published. Blocks until done; not from an io thread. Stop the listeners first.
  virtual void stop() = 0;
};

}  // namespace weir::mqtt
