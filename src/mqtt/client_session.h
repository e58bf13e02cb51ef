// ClientSession: the client's side of MQTT as a state machine without I/O: weir towards another
// broker.
//
// Bytes in, bytes and events out, the time passed in. It outlives connections: publishes on their
// way, QoS 2 identifiers and the subscriptions that the server is known to hold stay from one to
// the next (MQTT 5 §4.1). What is received with QoS 1 or 2 is acknowledged only when acknowledge()
// says that it is stored. After an EndedEvent the connection is over: call connection_lost(), and
// connect() for the next one. Used by Client and by the blocking Publisher; one thread per object.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mqtt/client_inbox.h"
#include "mqtt/client_outbox.h"
#include "mqtt/message.h"
#include "mqtt/now.h"
#include "mqtt/packet.h"

namespace weir::mqtt {

struct WantedSubscription {
  std::string filter;  // "$share/NAME/FILTER" is left to the server
  SubscriptionOptions options;
};
struct OwnWill {
  std::string topic, payload;
  uint8_t qos = 0;
  bool retain = false;
};
struct ClientOptions {
  Version version = Version::v5;
  bool is_bridge = false;  // 3.1.1: says so in the protocol level
  std::string client_id;   // empty: the server assigns one
  std::optional<std::string> user, password;
  bool clean_start = false;
  uint32_t session_expiry_s = 0;  // MQTT 5
  uint16_t keep_alive_s = 60;
  uint16_t receive_maximum = 65535;  // MQTT 5
  uint32_t packet_bytes_max = 1024 * 1024;
  std::optional<OwnWill> will;
  std::vector<WantedSubscription> subscriptions;
  // Filters that the server's session holds from before, as far as is known.
  std::set<std::string> held_filters;
  ClientOutbox::Limits outbox;
  int64_t answer_ms_max = 10'000;  // for CONNACK and PINGRESP
};

// The server accepted the connection.
struct ConnectedEvent {
  bool session_present = false;
  uint16_t keep_alive_s = 0;  // in force
};
// The server's session holds what was asked for, but for the refused.
struct SubscribedEvent {
  std::vector<std::pair<std::string, Reason>> refused;
};
struct ReceivedEvent {
  MessagePtr message;
  std::optional<uint64_t> ticket;  // for acknowledge(); none with QoS 0
};
// A message that weir cannot take: it is acknowledged, so that it does not come again.
struct UnusableEvent {
  std::string topic;
  const char* why = "";
};
struct PublishedEvent {
  uint64_t ticket = 0;
  Reason reason = Reason::success;
};
// The connection ends: write the bytes, close.
struct EndedEvent {
  Reason reason = Reason::success;
  bool refused = false;        // by the CONNACK
  bool wrong_version = false;  // the server does not speak this version
  std::string why;             // with the remedy, where there is one
};
using ClientEvent = std::variant<ConnectedEvent, SubscribedEvent, ReceivedEvent, UnusableEvent,
                                 PublishedEvent, EndedEvent>;
struct ClientOutput {
  std::string bytes;
  std::vector<ClientEvent> events;
};

class ClientSession {
 public:
  // Aliases a server may set: enough for what repeats, 2 MiB at the very most.
  static constexpr uint16_t kTopicAliases = 32;

  explicit ClientSession(ClientOptions options);

  // A new connection stands: the CONNECT.
  void connect(Now now, ClientOutput& out);
  void consume(std::string_view bytes, Now now, ClientOutput& out);
  void connection_lost();
  // Leaves: MQTT 5 keeps the session for its expiry, unless `forget`.
  void disconnect(bool forget, ClientOutput& out);

  // Before connect(): what to try next.
  void set_version(Version version, bool is_bridge);
  const ClientOptions& options() const { return options_; }
  bool is_connected() const { return state_ == State::connected; }

  // Whether publish() takes a message of that many bytes with QoS 1 or 2.
  bool has_room(size_t bytes) const { return outbox_.has_room(bytes); }
  size_t publishes_waiting() const { return outbox_.messages(); }
  // QoS 1 and 2: a PublishedEvent with the ticket follows, there or later. has_room() holds.
  uint64_t publish(MessagePtr message, uint8_t qos, bool retain, Now now, ClientOutput& out);
  // QoS 0: false unless connected, or when it is larger than the server takes.
  bool publish_unacknowledged(const Message& message, bool retain, Now now, ClientOutput& out);

  void acknowledge(uint64_t ticket, Reason reason, ClientOutput& out);
  // Could not be stored now: the server is to send it again on the next connection. True if it has
  // sent it on this one, which is to end then.
  bool abandon(uint64_t ticket) { return inbox_.abandon(ticket); }
  size_t unacknowledged() const { return inbox_.unanswered(); }

  // The filters the server's session is known to hold; to be kept with the session.
  const std::set<std::string>& held_filters() const { return held_; }

  // When on_time() has something to do, in Now::ms; INT64_MAX: never.
  int64_t deadline_ms() const;
  void on_time(Now now, ClientOutput& out);
  // Nothing was read for reasons of our own: no answer is missing yet.
  void excuse_silence(Now now);

 private:
  enum class State { idle, connecting, connected, ended };
  struct PendingSubscribe {
    std::vector<std::string> filters;
    bool is_unsubscribe = false;
  };

  void handle(const Frame& frame, Now now, ClientOutput& out);
  MaybeFault handle_packet(const Frame& frame, Now now, ClientOutput& out);
  MaybeFault on_connack(const Frame& frame, Now now, ClientOutput& out);
  void on_refusal(const Connack& packet, ClientOutput& out);
  MaybeFault on_publish(const Frame& frame, Now now, ClientOutput& out);
  MaybeFault resolve_alias(Publish& packet);
  MaybeFault on_acknowledgement(const Frame& frame, Now now, ClientOutput& out);
  MaybeFault on_suback(const Frame& frame, ClientOutput& out);
  MaybeFault on_disconnect(const Frame& frame, ClientOutput& out);
  void subscribe(bool session_present, ClientOutput& out);
  void send_subscribe(const std::vector<const WantedSubscription*>& entries, ClientOutput& out);
  void send_unsubscribe(const std::vector<std::string>& filters, ClientOutput& out);
  size_t pass_over(std::string_view bytes, ClientOutput& out);
  void deliver(const Publish& packet, Now now, ClientOutput& out);
  void end(const Fault& fault, ClientOutput& out);
  void finish(EndedEvent event, ClientOutput& out);
  void emit(const std::vector<ClientOutbox::Done>& done, ClientOutput& out);

  ClientOptions options_;
  State state_ = State::idle;
  ClientInbox inbox_;
  ClientOutbox outbox_;
  std::set<std::string> held_;

  // Of the present connection.
  std::string tail_;
  uint64_t skip_bytes_ = 0;  // rest of a packet that is passed over
  std::vector<std::string> aliases_;
  std::map<uint16_t, PendingSubscribe> pending_;
  std::vector<std::pair<std::string, Reason>> refused_;
  ClientOutbox::Link link_;
  int64_t keep_alive_ms_ = 0;
  int64_t last_sent_ms_ = 0, last_received_ms_ = 0;
  int64_t answer_due_ms_ = INT64_MAX;  // of CONNACK or PINGRESP
};

// What a server's refusals mean, and what to do about them.
std::string explain_refusal(Version version, const Connack& packet);
std::string explain_disconnect(const Disconnect& packet);
std::string explain_subscription(std::string_view filter, Reason reason);

}  // namespace weir::mqtt
