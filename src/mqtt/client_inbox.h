// ClientInbox: the QoS 1 and 2 messages a client has received, until their owner has stored them
// and the server knows (MQTT 5 §4.3, §4.6).
//
// Nothing is acknowledged before settle() says so, and acknowledgements leave in the order of the
// messages, whatever order they are settled in. A QoS 2 message is handed out once: a copy that
// comes again, on this connection or the next, waits for the first one's fate. Part of
// ClientSession; the client's thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "mqtt/packet.h"

namespace weir::mqtt {

class ClientInbox {
 public:
  // A message arrived. The ticket settles it; none for a copy of a QoS 2 message handed out before.
  std::optional<uint64_t> add(uint16_t packet_id, uint8_t qos, Version version, std::string& bytes);
  // The message is stored, or refused for good. Tickets of an earlier connection are taken too.
  void settle(uint64_t ticket, Reason reason, Version version, std::string& bytes);
  // The message could not be stored now: it is wanted again on the next connection. True if a copy
  // of it waits on the present one, which then has to end: the copy was not kept, and what is
  // received behind it would never be acknowledged.
  bool abandon(uint64_t ticket);
  void on_pubrel(uint16_t packet_id, Version version, std::string& bytes);

  void disconnected();
  void session_lost();
  // Received on this connection and not yet answered.
  size_t unanswered() const { return entries_.size(); }

 private:
  struct Entry {
    uint16_t packet_id = 0;
    uint8_t qos = 0;
    bool settled = false;
    Reason reason = Reason::success;
  };
  void answer(Version version, std::string& bytes);

  std::deque<Entry> entries_;  // of this connection, in order; tickets first_ and following
  uint64_t first_ = 1;         // ticket of entries_.front()
  std::map<uint64_t, uint16_t> storing_;  // QoS 2: ticket to packet identifier
  std::set<uint16_t> received_;           // QoS 2: stored, PUBREL not seen
};

}  // namespace weir::mqtt
