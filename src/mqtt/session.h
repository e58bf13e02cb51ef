// Session: what the broker keeps of one client for as long as the session lives (MQTT 5 §4.1):
// its subscriptions, the QoS 1 messages on their way to it, its will.
//
// While a connection is attached, messages go to its Wire; what exceeds the client's receive
// maximum, or a wire that does not drain, waits in a bounded queue. While none is, QoS 1 messages
// queue and QoS 0 messages are dropped. Nothing here does I/O or reads a clock. The home thread
// only.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mqtt/message.h"
#include "mqtt/now.h"
#include "mqtt/outgoing.h"
#include "mqtt/receiver.h"
#include "mqtt/retained_store.h"
#include "mqtt/topic_tree.h"

namespace weir::mqtt {

// What all sessions' queues hold together.
struct QueueBudget {
  explicit QueueBudget(size_t bytes) : bytes_max(bytes) {}
  const size_t bytes_max;
  std::atomic<size_t> bytes_used = 0;
};

struct SessionLimits {
  size_t queued_messages_max = 1000;
  size_t queued_bytes_max = 8 * 1024 * 1024;
  size_t unsent_bytes_max = 4 * 1024 * 1024;
};

struct Will {
  std::unique_ptr<Message> message;  // stamped when it is published
  uint32_t delay_s = 0;
};

class Session {
 public:
  static constexpr uint32_t kNeverExpires = UINT32_MAX;
  // Unacknowledged messages per client, whatever larger window it offers: they are all held in
  // memory, and each acknowledgement is looked up among them.
  static constexpr size_t kInFlightMax = 1000;
  // Retained messages are fed to a new subscription in portions, so that "#" over a large store
  // neither fills the connection's buffer nor holds up the thread's other clients.
  static constexpr size_t kReplayUnsentBytesMax = 256 * 1024;
  static constexpr size_t kReplayPortion = 2000;
  // Retained messages waiting for one client, over all its subscriptions.
  static constexpr size_t kReplayMessagesMax = 200'000;

  Session(std::shared_ptr<Receiver> receiver, const SessionLimits& limits, QueueBudget& budget,
          const RetainedStore& retained);
  ~Session();

  Receiver& receiver() const { return *receiver_; }
  const std::shared_ptr<Receiver>& shared_receiver() const { return receiver_; }

  struct Attachment {
    Wire* wire = nullptr;  // outlives the attachment
    Version version = Version::v311;
    uint16_t receive_maximum = 65535;
    uint32_t packet_bytes_max = UINT32_MAX;
  };
  // Begins to send: first again what was not acknowledged, with DUP, then what waited.
  void attach(const Attachment& attachment, Now now);
  void detach();
  bool is_attached() const { return to_.wire != nullptr; }

  // A message matched one of the subscriptions.
  void deliver(Outgoing& outgoing, const Grant& grant);
  // Retained messages for a new subscription.
  void replay(const std::vector<MessagePtr>& messages, const Subscription& subscription);
  void acknowledge(uint16_t packet_id, Now now);
  // Sends what may be sent now. To be called after replay() and acknowledge(), when the wire has
  // drained, and again soon for as long as it returns true.
  [[nodiscard]] bool pump(Now now);

  bool is_in_flight(uint16_t packet_id) const;
  size_t queued() const { return queue_.size() + in_flight_.size(); }

  std::map<std::string, Subscription, std::less<>> subscriptions;  // by filter
  uint32_t expiry_s = 0;  // how long it outlives its connection
  std::optional<Will> will;

 private:
  static constexpr uint64_t kPacketIds = 65535;  // 1..65535

  struct Delivery {
    MessagePtr message;
    uint8_t qos = 0;
    bool retain = false;
    std::vector<uint32_t> ids;
    size_t bytes() const { return text_bytes(*message); }
    // With what the message and its place in the queue take beside its text; several sessions may
    // share a message, so this errs on the safe side.
    size_t budget_bytes() const { return bytes() + sizeof(Delivery) + sizeof(Message); }
  };
  struct InFlight {
    uint16_t packet_id = 0;
    uint64_t sequence = 0;  // of sending
    Delivery delivery;
  };

  bool may_send_qos_1() const;
  void send_qos_0(Outgoing& outgoing, const Grant& grant, bool retain);
  void enqueue(Delivery delivery);
  void send_in_flight(Delivery delivery, Outgoing* outgoing, Now now);
  bool write_single(const Delivery& delivery, uint16_t packet_id, bool duplicate, Now now);
  void send_waiting(Now now);
  bool send_replay(Now now);
  uint16_t take_packet_id();
  void hold(const Delivery& delivery);
  void let_go(const Delivery& delivery);
  void count_dropped(uint64_t messages);
  void count_sent(size_t bytes);

  std::shared_ptr<Receiver> receiver_;
  SessionLimits limits_;
  QueueBudget& budget_;
  const RetainedStore& retained_;
  Attachment to_;
  size_t window_ = 0;
  std::deque<InFlight> in_flight_;  // in the order of first sending
  size_t sent_ = 0;                 // of these, sent on the present connection
  std::deque<Delivery> queue_;      // QoS 1, not sent yet
  size_t queued_bytes_ = 0;         // of queue_ and in_flight_
  std::deque<Delivery> replay_;
  uint64_t sequence_ = 0;  // of QoS 1 messages sent; gives the packet identifiers
};

}  // namespace weir::mqtt
