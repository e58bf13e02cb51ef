// Session: what the broker keeps of one client for as long as the session lives (MQTT 5 §4.1):
// its subscriptions, the QoS 1 and 2 messages on their way to and from it, its will.
//
// While a connection is attached, messages go to its Wire; what exceeds the client's receive
// maximum, or a wire that does not drain, waits in a bounded queue. While none is, QoS 1 and 2
// messages queue and QoS 0 messages are dropped. Each step of an exchange with the client is one
// function (session_exchange.cc). A session with a journal key writes down each step, and what
// would make the client believe in one goes out when it is durable. Nothing here does I/O or reads
// a clock. The home thread only.
#pragma once

#include <absl/container/btree_set.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/flat_map.h"
#include "base/ring.h"
#include "mqtt/drops.h"
#include "mqtt/incoming_ids.h"
#include "mqtt/journal_batch.h"
#include "mqtt/message.h"
#include "mqtt/now.h"
#include "mqtt/outgoing.h"
#include "mqtt/publish_batch.h"
#include "mqtt/receiver.h"
#include "mqtt/retained_replay.h"
#include "mqtt/retained_store.h"
#include "mqtt/topic_aliases.h"
#include "mqtt/topic_tree.h"

namespace weir::mqtt {

// What all sessions' queues hold together.
struct QueueBudget {
  explicit QueueBudget(size_t bytes) : bytes_max(bytes) {}
  const size_t bytes_max;
  std::atomic<size_t> bytes_used = 0;
  // Of all sessions' subscriptions (Session::has_room_for()).
  std::atomic<size_t> subscription_bytes = 0;
};

struct SessionLimits {
  size_t queued_messages_max = 1000;
  size_t queued_bytes_max = 8 * 1024 * 1024;
  size_t unsent_bytes_max = 4 * 1024 * 1024;
};

// One holder's part of what all of a kind hold.
class Share {
 public:
  explicit Share(std::atomic<size_t>& total) : total_(total) {}
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  ~Share() { set(0); }
  void set(size_t bytes) {
    total_.fetch_add(bytes - bytes_, std::memory_order_relaxed);
    bytes_ = bytes;
  }
  size_t bytes() const { return bytes_; }

 private:
  std::atomic<size_t>& total_;
  size_t bytes_ = 0;
};

struct Will {
  std::unique_ptr<Message> message;  // stamped when it is published
  uint32_t delay_s = 0;
  // Of the client that left it: asked while the will waits. Null: its rights never change.
  std::shared_ptr<const Standing> standing = nullptr;
  bool is_recovered = false;  // from the journal: the broker's owner is asked instead
};

class Session {
 public:
  static constexpr uint32_t kNeverExpires = UINT32_MAX;
  // Unacknowledged messages per client, whatever larger window it offers: they are all held in
  // memory, and each acknowledgement is looked up among them.
  static constexpr size_t kInFlightMax = 1000;
  // And so many bytes of them, or as many as all queues may hold; one always goes out.
  static constexpr size_t kInFlightBytesMax = 64 * 1024 * 1024;
  // Client identifiers above this are refused while sessions hold too much.
  static constexpr size_t kClientIdBytesFree = 256;
  // A message may grow on its way through the broker, by the identifiers of up to 10,000
  // subscriptions and an alias; beyond this it might be more than a packet can hold.
  static constexpr size_t kDeliverableBytesMax = kPacketBytesMost - 256 * 1024;
  // Retained messages are fed to a new subscription in portions, so that "#" over a large store
  // neither fills the connection's buffer nor holds up the thread's other clients.
  static constexpr size_t kReplayUnsentBytesMax = 256 * 1024;
  static constexpr size_t kReplayPortion = 2000;
  // Topics looked at for it in one turn: some 200 us of the thread, and of the store's lock.
  static constexpr size_t kReplayLooksMax = 4000;

  Session(std::shared_ptr<Receiver> receiver, const SessionLimits& limits, QueueBudget& budget,
          const RetainedStore& retained);
  ~Session();

  // Where to write down what happens: that of the thread it is at home on. Null: nowhere.
  void set_journal(JournalBatch* journal) { journal_ = journal; }
  // 0: not written down.
  uint64_t journal_key() const {
    return journal_ == nullptr ? 0 : receiver_->journal_key.load(std::memory_order_relaxed);
  }
  // A message found in the journal, in the order of their numbers. finish_restoring() comes last.
  struct Restored {
    MessagePtr message;
    uint64_t number = 0;
    uint8_t qos = 0;
    bool retain = false;
    std::vector<uint32_t> ids;
    SharedGroupPtr group;
    DeliveryState state = DeliveryState::waiting;
    uint16_t packet_id = 0;
  };
  void restore(Restored restored);
  void restore_received(uint16_t packet_id);
  void finish_restoring();

  static SessionLimits limits_of(const BrokerOptions& options) {
    auto or_none = [](size_t limit) { return limit == 0 ? SIZE_MAX : limit; };
    return {or_none(options.queued_messages_max), or_none(options.queued_bytes_max),
            options.unsent_bytes_max};
  }

  Receiver& receiver() const { return *receiver_; }
  const std::shared_ptr<Receiver>& shared_receiver() const { return receiver_; }

  struct Attachment {
    Wire* wire = nullptr;  // outlives the attachment
    Version version = Version::v311;
    uint16_t receive_maximum = 65535;
    uint32_t packet_bytes_max = UINT32_MAX;
    uint16_t topic_alias_maximum = 0;
    const TopicAccess* topics = nullptr;  // lives as long as the attachment; null: all
  };
  // Begins to send: first again what was not acknowledged, with DUP, then what waited.
  void attach(const Attachment& attachment, Now now);
  void detach();
  bool is_attached() const { return to_.wire != nullptr; }
  // Of the present attachment.
  void set_topics(const TopicAccess* topics) { to_.topics = topics; }

  // A message matched one of the subscriptions.
  void deliver(Outgoing& outgoing, const Grant& grant);
  // Retained messages for a new subscription; `version`: of the store, asked for after it was made.
  void replay(const std::string& filter, const Subscription& subscription, uint64_t version);
  // Without new ones: those on their way for the same filter follow the subscription as it is now.
  void renew_replay(std::string_view filter, const Subscription& subscription) {
    if (replay_) replay_->renew(filter, subscription);
  }
  // The client has unsubscribed.
  void cancel_replay(std::string_view filter) {
    if (replay_) replay_->cancel(filter);
  }
  // The client's answer to a message or to a PUBREL: PUBACK, PUBREC or PUBCOMP. pump() is due.
  void on_answer(PacketType type, uint16_t packet_id, Reason reason);
  // Sends what may be sent now. To be called after replay() and on_answer(), when the wire has
  // drained, and again soon for as long as it returns true.
  [[nodiscard]] bool pump(Now now);

  // Shared subscriptions (session_shared.cc): the groups it is a member of.
  void join(SharedGroupPtr group);
  // The groups of these that it was a member of.
  std::vector<SharedGroupPtr> leave(const std::vector<std::string_view>& filters);
  const auto& groups() const { return groups_; }             // in the order of their filters
  SharedGroupPtr find_group(std::string_view filter) const;  // null: it is no member
  bool is_member(const SharedGroup& group) const {
    return find_group(group.filter).get() == &group;
  }
  bool holds_group_messages() const { return group_messages_ > 0; }
  struct GroupMessage {
    SharedGroupPtr group;
    MessagePtr message;
    uint64_t number = 0;  // the journal's
  };
  // Takes out what another member is to get, in order: what is not sent yet and, once this client
  // is gone, what it has not acknowledged with QoS 1. QoS 2 in flight stays [MQTT-4.8.2-4].
  using Wanted = std::function<bool(const SharedGroup&, const Message&)>;
  std::vector<GroupMessage> take_group_messages(const Wanted& wanted);

  // Publishes from the client, in their order.
  void push_batch(std::shared_ptr<PublishBatch> batch) { batches_.push_back(std::move(batch)); }
  bool has_batches() const { return !batches_.empty(); }
  // The oldest batch if every sink has stored it, or null.
  std::shared_ptr<PublishBatch> take_stored_batch();
  // All that are left, when the session ends.
  Ring<std::shared_ptr<PublishBatch>> take_batches() { return std::exchange(batches_, {}); }
  // QoS 2 from the client. A PUBLISH: false if its identifier is known, so that it is a repetition.
  bool begin_receiving(uint16_t packet_id) { return incoming_.add_storing(packet_id); }
  // Its message was stored and routed: PUBREC is due, and until PUBREL the identifier is held.
  void finish_receiving(uint16_t packet_id);
  // It could not be stored: the client may send it again as a new one.
  void abandon_receiving(uint16_t packet_id, Reason why);
  // Whether that happened to the message which one in the oldest batch repeats, and why.
  std::optional<Reason> refused_as(uint16_t packet_id) const {
    return incoming_.refused_as(packet_id);
  }
  bool has_received(uint16_t packet_id) const { return incoming_.is_received(packet_id); }
  // PUBREL: false if the identifier is not known.
  bool release(uint16_t packet_id);

  bool is_in_flight(uint16_t packet_id) const;
  size_t queued() const { return queue_.size() + in_flight_.size(); }

  FlatMap<std::string, Subscription> subscriptions;  // by filter
  uint32_t expiry_s = 0;                             // how long it outlives its connection

  // What its filters take here and in the tree, each level being a node there: for one client more
  // than 10,000 common ones need; in all, half a gigabyte. The first few are free of the latter:
  // who wants little gets it, whatever others hold.
  static constexpr size_t kSubscriptionBytesMax = 16 * 1024 * 1024;
  static constexpr size_t kSubscriptionBytesTotalMax = 512 * 1024 * 1024;
  static constexpr size_t kSubscriptionBytesFree = 4096;
  bool has_room_for(std::string_view filter) const;
  // These keep account; whoever sets `subscriptions` otherwise calls count_subscriptions().
  void keep_subscription(const std::string& filter, const Subscription& subscription);
  bool drop_subscription(const std::string& filter);
  void count_subscriptions();

  void set_will(Will will);
  std::optional<Will> take_will();
  const Will* will() const { return will_ ? &will_->will : nullptr; }

 private:
  static constexpr uint64_t kPacketIds = 65535;  // 1..65535

  struct Delivery {
    MessagePtr message;
    uint8_t qos = 0;
    bool retain = false;
    std::vector<uint32_t> ids;
    SharedGroupPtr group{};  // null: by an ordinary subscription
    uint64_t number = 0;     // the journal's; 0: not written down
    size_t bytes() const { return text_bytes(*message); }
    // With what the message and its place in the queue take beside its text; several sessions may
    // share a message, so this errs on the safe side.
    size_t budget_bytes() const { return bytes() + sizeof(Delivery) + sizeof(Message); }
  };
  // One message between its first PUBLISH and the end of its exchange.
  struct InFlight {
    uint16_t packet_id = 0;
    bool is_released = false;  // QoS 2: PUBREC came, PUBREL was sent; the message is let go
    bool on_wire = true;       // sent (PUBLISH or PUBREL) on the present connection
    uint64_t sequence = 0;     // of sending
    Delivery delivery;
  };
  using InFlightAt = Ring<InFlight>::iterator;

  bool has_room_in_flight() const;
  // What waits was matched under the rights of another time.
  bool may_send(const Message& message) const {
    return to_.topics == nullptr || to_.topics->may_receive(message.topic);
  }
  bool must_wait_for_good(const Delivery& delivery) const;
  void note_sending(Delivery& delivery, uint16_t packet_id);
  void note_done(const Delivery& delivery);
  void give_up(const Delivery& delivery, DropReason reason);
  void hold_until(uint64_t ticket);
  void send_qos_0(Outgoing& outgoing, const Grant& grant, bool retain);
  void enqueue(Delivery delivery);
  void send_in_flight(Delivery delivery, Outgoing* outgoing, Now now);
  void send_again(Now now);
  void begin_sending(uint16_t packet_id, Delivery delivery);
  void on_pubrec(InFlightAt at, uint16_t packet_id, Reason reason);
  void release_sent(InFlight& sent);
  InFlightAt finish_sending(InFlightAt at);  // the next one
  void mark_on_wire(InFlight& sent);
  void write_pubrel(uint16_t packet_id, Reason reason);
  InFlightAt find_in_flight(uint16_t packet_id);
  // Write one copy, by its topic's alias where there is one. False if it is too large.
  bool write_shared(Outgoing& outgoing, SendForm form);
  bool write_single(const Delivery& delivery, uint16_t packet_id, bool duplicate, Now now);
  template <class Write>
  bool write_with_alias(const Message& message, SendForm& form, Write write);
  void send_waiting(Now now);
  bool send_replay(Now now);
  bool send_replay_part(RetainedReplay::Part& part, const RetainedStore::Portion& portion, Now now);
  uint16_t take_packet_id();
  void hold(const Delivery& delivery);
  void let_go(const Delivery& delivery);
  size_t base_bytes() const { return 2 * receiver_->client_id.size(); }  // here and in the journal
  void update_room();
  void tell_figures();
  void drop(DropReason reason, uint64_t messages = 1);
  void count_sent(size_t bytes);

  std::shared_ptr<Receiver> receiver_;
  JournalBatch* journal_ = nullptr;
  SessionLimits limits_;
  QueueBudget& budget_;
  struct HeldWill {
    Will will;
    Share share;  // of the budget
  };
  std::unique_ptr<HeldWill> will_;  // null: few clients leave one
  Share subscriptions_share_;       // of the budget
  const RetainedStore& retained_;
  Attachment to_;
  uint32_t window_ = 0;                     // of the present connection
  uint32_t unsent_ = 0;                     // of in_flight_, not sent on the present connection yet
  std::unique_ptr<TopicAliases> aliases_;   // of the present connection, if its client takes any
  Ring<InFlight> in_flight_;                // in the order of first sending
  Ring<Delivery> queue_;                    // QoS 1 and 2, not sent yet
  size_t queued_bytes_ = 0;                 // of queue_ and in_flight_
  size_t in_flight_bytes_ = 0;              // of in_flight_
  std::unique_ptr<RetainedReplay> replay_;  // null: nothing to replay
  struct ByFilter {
    using is_transparent = void;
    static std::string_view key(const SharedGroupPtr& group) { return group->filter; }
    static std::string_view key(std::string_view filter) { return filter; }
    bool operator()(const auto& a, const auto& b) const { return key(a) < key(b); }
  };
  absl::btree_set<SharedGroupPtr, ByFilter> groups_;
  uint32_t group_messages_ = 0;  // of queue_ and in_flight_
  bool has_refused_ = false;     // incoming_, for the repetitions in batches_
  uint64_t sequence_ = 0;        // of QoS 1 and 2 messages sent; gives the packet identifiers
  IncomingIds incoming_;
  Ring<std::shared_ptr<PublishBatch>> batches_;  // not answered yet, oldest first
};

}  // namespace weir::mqtt
