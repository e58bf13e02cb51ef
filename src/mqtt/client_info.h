// What the broker tells about its clients: the page Clients and `/api/v2/weir/clients` show it.
//
// A client is a session: connected, or kept for its client's return. Plain values, made when asked
// for; nothing here refers to the broker.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mqtt/drops.h"
#include "mqtt/packet.h"

namespace weir::mqtt {

// Per second, as a moving average over about ten seconds.
struct ClientRates {
  double messages_in = 0, messages_out = 0, bytes_in = 0, bytes_out = 0;
};

struct ClientInfo {
  std::string client_id;
  std::string user;          // empty: anonymous
  std::string peer;          // address and port, the last one of a session that is kept
  std::string listener;      // ListenerPolicy::name
  std::string transport;     // ListenerPolicy::transport
  int protocol_version = 4;  // 3: MQTT 3.1, 4: 3.1.1, 5: MQTT 5
  bool connected = false;
  bool clean_start = true;
  uint32_t session_expiry_s = 0;  // UINT32_MAX: never
  uint16_t keep_alive_s = 0;      // 0: none
  int64_t connected_at_ns = 0;
  int64_t disconnected_at_ns = 0;  // of a kept session; else 0
  std::string ended_because;       // why the last connection of a kept session ended
  // Of the session's connections together; bytes of packets of every type.
  uint64_t messages_in = 0, messages_out = 0, bytes_in = 0, bytes_out = 0;
  ClientRates rates;
  std::array<uint64_t, kDropReasons> dropped = {};  // for it, by DropReason
  uint64_t refused = 0;     // publishes from it that it had no permission for
  size_t in_flight_in = 0;  // publishes from it that are not finished
  size_t in_flight_out = 0;
  size_t queued_messages = 0, queued_bytes = 0;  // for it, not yet sent
  size_t subscriptions = 0;
};

// Which clients, in which order.
struct ClientQuery {
  enum class State : uint8_t { all, connected, kept };
  enum class Order : uint8_t {
    client_id,
    user,
    connected_at,
    messages_in,  // by rate, as the three below
    messages_out,
    bytes_in,
    bytes_out,
    queued,
    dropped,
    subscriptions,
  };
  std::string text =
      {};  // occurs in the client identifier, user, peer or listener; case is ignored
  State state = State::all;
  Order order = Order::client_id;
  bool descending = false;
  size_t offset = 0;
  size_t limit = SIZE_MAX;
};
struct ClientPage {
  std::vector<ClientInfo> clients;
  size_t matching = 0;             // how many the query found in all
  size_t connected = 0, kept = 0;  // of all sessions, whatever the query
};

struct ClientSubscription {
  std::string filter;
  SubscriptionOptions options;
  uint32_t id = 0;  // subscription identifier; 0: none
};
struct ClientWill {
  std::string topic, payload_head;
  size_t payload_bytes = 0;
  uint8_t qos = 0;
  bool retain = false;
  uint32_t delay_s = 0;
};
// One client with what only its own thread knows.
struct ClientDetails {
  static constexpr size_t kSubscriptionsMax = 1000;  // listed; ClientInfo counts them all
  static constexpr size_t kWillPayloadBytesMax = 4096;

  ClientInfo info;
  std::vector<ClientSubscription> subscriptions;  // by filter
  std::optional<ClientWill> will;
  size_t unsent_bytes = 0;  // written to its connection and not yet taken by it
};

}  // namespace weir::mqtt
