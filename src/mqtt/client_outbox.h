// ClientOutbox: what a client publishes with QoS 1 or 2, until the server has it (MQTT 5 §4.3,
// §4.4).
//
// Bounded by count and bytes: what does not fit is refused, and has_room() says so before. In
// flight is at most what the server's receive maximum allows; the rest waits. After a lost
// connection what was in flight is sent again, with DUP when the server has kept the session. Also
// hands out the packet identifiers of the client's own packets. Part of ClientSession; the client's
// thread only.
#pragma once

#include <bitset>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "mqtt/message.h"
#include "mqtt/now.h"
#include "mqtt/packet.h"

namespace weir::mqtt {

class ClientOutbox {
 public:
  // Unacknowledged at once, whatever larger window the server offers: an acknowledgement out of
  // order is searched for among them.
  static constexpr size_t kInFlightMax = 1000;

  struct Limits {
    size_t messages_max = 1000;
    size_t bytes_max = 8 * 1024 * 1024;
  };
  // What the server of the present connection takes.
  struct Link {
    Version version = Version::v311;
    uint16_t receive_maximum = 65535;
    uint32_t packet_bytes_max = UINT32_MAX;
    uint8_t qos_max = 2;  // 0: messages are done when they are written
    bool retain_available = true;
  };
  // A message is done: the server has it, or refused it.
  struct Done {
    uint64_t ticket = 0;
    Reason reason = Reason::success;
  };
  struct Output {
    std::string& bytes;
    std::vector<Done>& done;
  };

  explicit ClientOutbox(const Limits& limits) : limits_(limits) {}

  // Whether a message of that many bytes would be taken.
  bool has_room(size_t bytes) const;
  // has_room() holds. send() follows.
  uint64_t add(MessagePtr message, uint8_t qos, bool retain);
  void send(Now now, const Output& out);

  void connected(const Link& link, bool session_present, Now now, const Output& out);
  void disconnected() { link_.reset(), sent_ = 0; }
  void on_acknowledgement(const Ack& ack, Now now, const Output& out);

  size_t messages() const { return in_flight_.size() + waiting_.size(); }
  // For a SUBSCRIBE or UNSUBSCRIBE; 0 when all are taken.
  uint16_t take_packet_id();
  void free_packet_id(uint16_t packet_id) { taken_.reset(packet_id); }

 private:
  struct Entry {
    uint64_t ticket = 0;
    MessagePtr message;
    uint8_t qos = 1;
    bool retain = false;
    uint16_t packet_id = 0;
    bool released = false;   // QoS 2: PUBREC came, PUBREL is sent
    bool duplicate = false;  // the server may have seen it
  };
  void write(Entry& entry, Now now, const Output& out);
  void write_once(Now now, const Output& out);
  bool fits(const Entry& entry, Now now);
  void finish(std::deque<Entry>::iterator at, Reason reason, const Output& out);

  const Limits limits_;
  std::optional<Link> link_;
  std::deque<Entry> in_flight_;  // in the order of first sending
  size_t sent_ = 0;              // of these, sent on the present connection
  std::deque<Entry> waiting_;
  size_t bytes_ = 0;  // of both
  uint64_t last_ticket_ = 0;
  std::bitset<65536> taken_;  // packet identifiers
  uint16_t last_packet_id_ = 0;
};

}  // namespace weir::mqtt
