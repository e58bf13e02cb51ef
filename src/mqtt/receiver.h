// Receiver: what the threads share about one client's session: its name, its home, its figures.
//
// A session lives on one io thread, its home. Whoever routes a message reads the home here and
// hands the message over to that thread; the session itself is reached there only. The record
// outlives the session while matches still name it: `home` then says kGone.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/sync.h"
#include "mqtt/broker.h"
#include "mqtt/drops.h"

namespace weir::mqtt {

class Session;

// What a router on any thread knows of a member of shared subscriptions: whether it can be sent
// another message. Written on the home thread, a moment old elsewhere.
struct Room {
  std::atomic<bool> connected = false;
  std::atomic<bool> drains = false;          // connected, and few enough bytes are unsent
  std::atomic<bool> holds_messages = false;  // messages of its groups, unsent or unacknowledged
  std::atomic<uint32_t> window = 0;          // messages of QoS > 0 it may be sent at once
  std::atomic<uint32_t> queue = 0;           // messages that its queue takes
  std::atomic<uint32_t> underway = 0;  // handed over to the home thread, not arrived: any thread
};

struct Receiver {
  static constexpr uint32_t kGone = UINT32_MAX;

  Receiver(std::string id, uint32_t home_thread) : client_id(std::move(id)), home(home_thread) {}

  const std::string client_id;
  std::atomic<uint32_t> home;  // index of the io thread that owns the session
  std::atomic<bool> is_restricted = false;
  Session* session = nullptr;  // home thread only; null while the session is on its way there
  // What the journal calls the session; 0: it is not written down. Set once before it subscribes,
  // on the home thread; to 0 again when it is to end with its connection, or has ended.
  std::atomic<uint64_t> journal_key = 0;
  Room room;  // kept up while it is a member of a shared subscription

  // What it may be given, as its client's access list says; null: everything.
  void restrict_to(std::shared_ptr<const TopicAccess> topics) {
    bool restricts = topics != nullptr;
    details.lock()->topics = std::move(topics);
    is_restricted.store(restricts, std::memory_order_release);
  }
  bool may_receive(std::string_view topic) const {
    if (!is_restricted.load(std::memory_order_acquire)) return true;
    std::shared_ptr<const TopicAccess> topics = details.lock()->topics;
    return topics == nullptr || topics->may_receive(topic);
  }

  // Written on the home thread, read by any.
  std::atomic<uint64_t> messages_in = 0, messages_out = 0, bytes_in = 0, bytes_out = 0;
  std::atomic<uint64_t> refused = 0;  // publishes from it that it had no permission for
  std::atomic<uint32_t> subscriptions = 0, queued_messages = 0, in_flight_in = 0, in_flight_out = 0;
  std::atomic<uint64_t> queued_bytes = 0;

  // Who is, or was last, connected. Set with the connection, read when somebody looks.
  struct Details {
    bool connected = false;
    bool clean_start = true;
    uint8_t protocol_version = 4;
    uint16_t keep_alive_s = 0;
    uint32_t session_expiry_s = 0;
    std::string user, peer;
    ListenerPolicyPtr policy;
    std::shared_ptr<const TopicAccess> topics;
    int64_t connected_at_ns = 0, disconnected_at_ns = 0;
    std::string ended_because;
    std::unique_ptr<DropCounts> dropped;  // null: nothing yet, as for most
    uint64_t dropped_for(DropReason reason) const {
      return dropped ? (*dropped)[static_cast<size_t>(reason)] : 0;
    }
  };
  Guarded<Details, SmallMutex> details;

  // Hub::sample_rates() alone writes these: messages in, out, bytes in, out.
  std::array<std::atomic<float>, 4> rates = {};
  struct Sample {
    int64_t at_ms = 0;  // 0: none yet
    std::array<uint64_t, 4> counts = {};
  };
  Sample last_sample;
};

// Adds to a counter that one thread at a time writes: cheaper than a locked addition.
inline void add_to(std::atomic<uint64_t>& counter, uint64_t amount) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace weir::mqtt
