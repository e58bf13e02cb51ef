// Protocol: the server's side of one MQTT connection as a state machine without I/O.
//
// Bytes in, a list of actions out, the time passed in. It cuts and decodes packets, enforces what
// the standard asks of a client (order, limits, aliases, receive maximum, keep-alive) and makes the
// messages; what they mean for sessions and other clients is the caller's. After a CONNECT it stops
// and keeps further bytes until accept() and resume(), or refuse(). After an EndAction it is done.
// MQTT 3.1, 3.1.1 and 5. The connection's io thread only.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mqtt/identity.h"
#include "mqtt/message.h"
#include "mqtt/now.h"
#include "mqtt/packet.h"

namespace weir::mqtt {

// Of a CONNECT: a will with the largest payload there is, and as much again for identifier, user,
// password and properties. Until it is accepted a connection is anybody's, and holds no more.
inline constexpr uint32_t kConnectBytesMax = 128 * 1024;

// Topics that a client's aliases stand for, on one connection: a maximum of 65,535 aliases may be
// configured, and a topic have as many bytes.
inline constexpr size_t kAliasBytesMax = 1024 * 1024;

struct ProtocolLimits {
  uint32_t packet_bytes_max = 1024 * 1024;
  uint16_t receive_maximum = 20;
  uint16_t topic_alias_maximum = 10;
  uint8_t maximum_qos = 2;
  bool retain_available = true;
  uint16_t keep_alive_s_max = 65535;
  int64_t connect_ms_max = 10'000;
};

// A CONNECT to decide on. Its strings are copies: the decision takes time.
struct ConnectRequest {
  Version version = Version::v311;
  std::string client_id;  // empty: one is to be assigned
  bool clean_start = true;
  uint32_t session_expiry_s = 0;
  uint16_t keep_alive_s = 0;  // in force: the client's, or the server's when that is shorter
  uint16_t receive_maximum = 65535;
  uint32_t packet_bytes_max = UINT32_MAX;
  uint16_t topic_alias_maximum = 0;  // of aliases towards the client, the server's bound applied
  std::optional<std::string> user, password;
  std::unique_ptr<Message> will;  // without client id and user
  uint32_t will_delay_s = 0;
  size_t packet_bytes = 0;  // of the CONNECT
};

struct ConnectAction {
  std::unique_ptr<ConnectRequest> request;
};
struct PublishAction {
  MessagePtr message;  // null when it is refused
  uint8_t qos = 0;
  uint16_t packet_id = 0;  // QoS 1 and 2
  Reason refusal = Reason::success;
  std::unique_ptr<std::string> refused_topic = nullptr;  // set when it is refused
};
struct SubscribeAction {
  struct Entry {
    std::string filter;
    SubscriptionOptions options;
    Reason answer = Reason::success;  // a refusal, or the QoS granted
    const char* why = "";             // of a refusal
  };
  uint16_t packet_id = 0;
  uint32_t id = 0;  // subscription identifier
  std::vector<Entry> entries;
};
struct UnsubscribeAction {
  uint16_t packet_id = 0;
  std::vector<std::string> filters;
};
// PUBACK, PUBREC or PUBCOMP to what the server sent; PUBREL to what the client sent.
struct AnswerAction {
  PacketType type = PacketType::puback;
  uint16_t packet_id = 0;
  Reason reason = Reason::success;
};
// The connection ends: write `farewell`, close.
struct EndAction {
  Reason reason = Reason::success;
  const char* why = "";    // a string literal
  bool by_client = false;  // with a DISCONNECT
  bool with_will = true;
  std::optional<uint32_t> session_expiry_s;  // changed by the DISCONNECT
  std::string farewell;
};
using Action = std::variant<ConnectAction, PublishAction, SubscribeAction, UnsubscribeAction,
                            AnswerAction, EndAction>;

struct Actions {
  std::vector<Action> list;
  std::string reply;  // bytes to write: answers that need no decision
  size_t packets = 0;
};

// Sees each packet of the client once it has been handled, whatever came of it.
class FrameObserver {
 public:
  virtual ~FrameObserver() = default;
  virtual void on_frame(const Frame& frame) = 0;
};

class Protocol {
 public:
  Protocol(const ProtocolLimits& limits, Now now);

  void consume(std::string_view bytes, Now now, Actions& out);

  // The CONNECT is accepted: the CONNACK, or empty if the client takes no packet that large (the
  // connection is then to be closed without a word). `assigned` when the client gave no identifier.
  struct Acceptance {
    std::string client_id;
    Identity identity;
    bool assigned = false, session_present = false;
  };
  std::string accept(const Acceptance& acceptance);
  // What its client may do has changed.
  void set_identity(Identity identity) { identity_ = std::move(identity); }
  const Identity& identity() const { return identity_; }
  // Of the CONNECT, or assigned; known before it is accepted.
  void set_client_id(std::string client_id) { client_id_ = std::move(client_id); }
  const std::string& client_id() const { return client_id_; }
  // Goes on with what arrived behind the CONNECT.
  void resume(Now now, Actions& out) { consume({}, now, out); }
  // The CONNECT is refused: the CONNACK, or empty where 3.x has no code for the reason.
  std::string refuse(Reason reason, std::string_view why);
  // What to write before closing on the server's wish: MQTT 5's DISCONNECT.
  std::string farewell(Reason reason, std::string_view why);
  // `why` is told to clients that have asked for problem information, if they take a packet that
  // large; an empty one to nobody.

  // Answers to PUBLISH and SUBSCRIBE. The latter is empty if the client takes no packet that large.
  void acknowledge(PacketType type, uint16_t packet_id, Reason reason, std::string_view why,
                   std::string& out) const;
  std::string acknowledge_subscribe(uint16_t packet_id, const std::vector<Reason>& reasons,
                                    std::string_view why) const;
  std::string acknowledge_unsubscribe(uint16_t packet_id, const std::vector<Reason>& reasons) const;

  // This many exchanges of the client's publishes have ended, with PUBACK, PUBCOMP or a PUBREC that
  // refuses: its window opens again. One that another connection began may be among them (§4.9).
  void exchanges_ended(size_t count) { unanswered_ -= std::min(count, unanswered_); }
  size_t open_exchanges() const { return unanswered_; }

  // When on_time() has something to say, in Now::ms; INT64_MAX: never. Moves with each packet.
  int64_t deadline_ms() const;
  // What the client has sent was not read until now: its keep-alive runs from here.
  void was_not_read_until(Now now) { last_packet_ms_ = now.ms; }
  std::optional<EndAction> on_time(Now now);

  // Null: none. It outlives the protocol or the next call.
  void observe(FrameObserver* observer) { observer_ = observer; }
  // What a topic alias of the client stands for; empty if it is not set.
  std::string_view topic_of_alias(uint16_t alias) const;

  Version version() const { return version_; }
  bool is_connected() const { return state_ == State::connected; }
  bool has_ended() const { return state_ == State::ended; }
  // Bytes of an incomplete packet, or waiting for the decision on CONNECT.
  size_t buffered_bytes() const { return tail_.size(); }

 private:
  enum class State { awaiting_connect, deciding, connected, ended };

  size_t consume_frames(std::string_view bytes, Now now, Actions& out);
  void look_at_version(std::string_view connect);
  void handle(const Frame& frame, Now now, Actions& out);
  MaybeFault handle_packet(const Frame& frame, Now now, Actions& out);
  MaybeFault on_connect(const Frame& frame, Now now, Actions& out);
  MaybeFault on_publish(const Frame& frame, Now now, Actions& out);
  MaybeFault on_acknowledgement(const Frame& frame, Actions& out);
  MaybeFault on_subscribe(const Frame& frame, Actions& out);
  MaybeFault on_unsubscribe(const Frame& frame, Actions& out);
  MaybeFault on_disconnect(const Frame& frame, Actions& out);
  static Fault padded_length();
  MaybeFault resolve_alias(Publish& packet);
  void end(const Fault& fault, Actions& out);

  ProtocolLimits limits_;
  FrameObserver* observer_ = nullptr;
  State state_ = State::awaiting_connect;
  Version version_ = Version::v311;
  bool version_known_ = false;
  bool is_bridge_ = false;
  std::string tail_;
  int64_t started_ms_;
  int64_t last_packet_ms_;
  int64_t keep_alive_ms_ = 0;  // already times 1.5; 0: none
  bool keep_alive_capped_ = false;
  uint16_t keep_alive_s_ = 0;
  uint32_t session_expiry_s_ = 0;
  uint32_t client_packet_bytes_max_ = UINT32_MAX;
  bool tells_why_ = false;
  std::string client_id_;
  Identity identity_;
  struct Aliases {
    absl::flat_hash_map<uint16_t, std::string> topics;
    size_t bytes = 0;  // of them
  };
  std::unique_ptr<Aliases> aliases_;  // null until the client sets one: most never do
  size_t unanswered_ = 0;             // QoS 1 and 2 publishes whose exchange has not ended
};

}  // namespace weir::mqtt
