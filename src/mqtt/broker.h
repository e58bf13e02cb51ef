// The broker: sessions, subscriptions, retained messages; routes each publish to its receivers.
//
// server/ opens it with listeners; api/ reads its clients and retained messages; tasks/ publish
// through it. Connections live on the io threads; what they share (topic tree, retained, session
// table) is inside the broker behind its own locks. MQTT 3.1, 3.1.1 and 5 (OASIS); what is not
// offered yet is refused with its reason code: docs/mqtt.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/durability.h"
#include "base/file.h"
#include "base/result.h"
#include "mqtt/client_info.h"
#include "mqtt/identity.h"
#include "mqtt/message.h"
#include "mqtt/sink.h"
#include "mqtt/traces.h"
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

// What one listener asks of its clients: listeners of one broker may differ in it. A limit of its
// own counts where it is stricter than the broker's (BrokerOptions).
struct ListenerPolicy {
  std::string name = "mqtt.listen";  // as logs and the list of clients call it
  Authenticate authenticate = nullptr;
  std::string transport = "tcp";  // what its clients come over, as the list of clients calls it
  size_t connections_max = SIZE_MAX;
  uint32_t packet_bytes_max = UINT32_MAX;
  uint16_t keep_alive_s_max = UINT16_MAX;
  uint8_t qos_max = 2;
  // How many there are now, on all threads: the broker counts.
  mutable std::atomic<size_t> connections = 0;
};
using ListenerPolicyPtr = std::shared_ptr<const ListenerPolicy>;

struct BrokerOptions {
  uint32_t packet_bytes_max = 1024 * 1024;
  uint16_t receive_maximum = 20;  // QoS 1 and 2 publishes a client may have unacknowledged
  // Per client, QoS 1 and 2 beyond its window; 0: as many as the total admits.
  size_t queued_messages_max = 1000;
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
  // 0: as many as come. Beyond the first two CONNECT is refused (0x9F), whatever it brings; a
  // client beyond the other two is read no further until its average is right again.
  uint32_t connections_per_second_max = 0;
  uint32_t connections_per_address_max = 0;
  uint32_t messages_per_second_max = 0;  // PUBLISH packets of one client
  uint64_t bytes_per_second_max = 0;     // of all that one client sends
  // Where sessions and retained messages are written down; empty: they end with the process.
  std::string journal_directory;
  Durability durability;
  // Between two publications of $SYS/broker/#; 0: never. Mosquitto's sys_interval.
  int64_t system_topics_ms = 10'000;
  std::string version = {};  // as $SYS/broker/version tells it: "0.1.0"
  // Whether who has left a session in the journal may publish to the topic now: asked of the wills
  // that are found there, whose clients' identities ended with the process. Empty: always. Any
  // thread; does not block.
  std::function<bool(std::string_view user, std::string_view client_id, std::string_view topic)>
      may_publish_kept = nullptr;
};

// Which retained messages, in the order of their topics.
struct RetainedQuery {
  std::string filter = "#";  // a topic filter
  std::string text = {};     // occurs in the topic; ASCII case is ignored
  std::string after = {};    // the page begins behind this topic
  size_t limit = 100;
};
struct RetainedPage {
  std::vector<MessagePtr> messages;
  bool more = false;
};
struct RetainedTotals {
  size_t messages = 0, bytes = 0;
};

class Broker {
 public:
  // `threads`, `clock` and the sinks outlive the broker. With a journal directory, the sessions and
  // retained messages in it are the broker's before this returns; fails with Errc::io if they
  // cannot be read, naming file, offset and what to do.
  static Result<std::unique_ptr<Broker>> make(net::IoThreads& threads, const Clock& clock,
                                              BrokerOptions options,
                                              std::vector<PublishSink*> sinks);
  virtual ~Broker() = default;

  virtual Result<std::unique_ptr<net::Listener>> listen(const net::ListenAddress& address,
                                                        ListenerPolicyPtr policy,
                                                        net::ListenOptions options = {}) = 0;
  // Takes over a connected stream, on its io thread: a WebSocket, or what another listener
  // accepted.
  virtual void adopt(std::unique_ptr<net::Stream> stream, ListenerPolicyPtr policy) = 0;

  // Publishes as the server itself; sinks see it as from client id "$weir" (unless one is set).
  // A message whose topic is no valid name is logged and dropped. Any thread.
  virtual void publish(MessagePtr message) = 0;

  // Users, tokens or access lists have changed: every client's identity is asked again, shortly
  // after. Who would not be admitted any more is disconnected (MQTT 5: 0x87). Any thread.
  virtual void review_identities() = 0;

  // Reads figures that the io threads leave behind; disturbs none of them. Any thread but an io
  // thread: ten thousand clients take milliseconds.
  virtual ClientPage clients(const ClientQuery& query) const = 0;
  // One client, or nothing if no session has that name. `done` runs on any thread, soon; it must
  // not block. Any thread.
  virtual void find_client(std::string client_id,
                           std::function<void(std::optional<ClientDetails>)> done) = 0;
  // Ends a client's connection (MQTT 5: reason 0x98, administrative action), and its session too if
  // told so. Its will is published. `done` says whether there was such a session.
  virtual void kick(std::string client_id, bool end_session, std::function<void(bool)> done) = 0;
  // What certain clients say and are told; any thread.
  virtual Traces& traces() = 0;
  // Brings the clients' rates up to date, and ends traces whose time is over. To be called every
  // few seconds, by one thread at a time; not from an io thread.
  virtual void sample_rates() = 0;

  // Holds up storing for no longer than a portion of the topics takes. Not from an io thread.
  virtual RetainedPage retained(const RetainedQuery& query) const = 0;
  virtual MessagePtr retained_message(std::string_view topic) const = 0;  // null: none
  virtual RetainedTotals retained_totals() const = 0;
  // Forgets the retained message of a topic, as an empty retained publish does; subscribers are
  // told nothing. Returns whether there was one.
  virtual bool remove_retained(const std::string& topic) = 0;

  // Makes `target` a copy of the journal with everything durable before the call, if there is a
  // journal. Not from an io thread; docs/format.md#backups.
  virtual Result<void> backup(const std::string& target) const = 0;

  // Disconnects everyone (MQTT 5: reason 0x8B, server shutting down) and forgets the sessions
  // that are not in the journal; wills are not published. Blocks until done; not from an io thread.
  // Stop the listeners first.
  virtual void stop() = 0;
};

}  // namespace weir::mqtt
