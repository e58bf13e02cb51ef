// IncomingIds: the packet identifiers of QoS 2 publishes a client has sent and not yet released.
//
// An identifier is `storing` from its PUBLISH until every sink has the message, then `received`
// until the client's PUBREL: a PUBLISH with it in either state is a repetition (MQTT 5 §4.3.3). One
// that could not be stored is free again, and remembered as refused for the repetitions that came
// meanwhile. Sorted by identifier, three words for an idle client. The session's home thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "mqtt/reason.h"

namespace weir::mqtt {

class IncomingIds {
 public:
  // Returns false if the identifier is known already.
  bool add_storing(uint16_t packet_id);
  void set_received(uint16_t packet_id);
  bool is_received(uint16_t packet_id) const;
  // Returns whether it was received; one that is still being stored stays.
  bool release(uint16_t packet_id);
  // It could not be stored. Known as such until it is received, or forget_refused().
  void refuse(uint16_t packet_id, Reason why);
  std::optional<Reason> refused_as(uint16_t packet_id) const;
  void forget_refused();
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    uint16_t packet_id = 0;
    bool is_storing = false, is_received = false;  // neither: refused, and free
    Reason refused_as = Reason::success;
    bool is_free() const { return !is_storing && !is_received; }
  };
  size_t find(uint16_t packet_id) const;  // its place, or where it belongs
  bool is_at(size_t place, uint16_t packet_id) const;
  void erase(size_t place);

  std::vector<Entry> entries_;
  static_assert(sizeof(Entry) <= 6);
};

}  // namespace weir::mqtt
