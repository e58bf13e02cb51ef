// BrokerThread: the broker's part on one io thread: its connections, the sessions at home here, and
// the routing of what is published here.
//
// Sessions are reached on their home thread only. A message for a session elsewhere is put into the
// outbox of that thread and handed over once per batch of events. When a client comes back on
// another thread its session moves there, without losing or reordering a message: see
// session_moves.cc. All members: this io thread.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "mqtt/hub.h"
#include "mqtt/journal_batch.h"
#include "mqtt/match_cache.h"
#include "mqtt/outgoing.h"
#include "mqtt/protocol.h"
#include "mqtt/session.h"

namespace weir::mqtt {

class Connection;
class SystemTopics;
struct Settlement;

// A connection's wish for the session of its client id. Connections are named by thread and number,
// never by pointer: they may be gone when the answer comes.
struct Claim {
  uint32_t thread = 0;
  uint64_t connection = 0;
  std::string client_id, user;
  bool clean_start = true;
};

// What one read of a connection brings, on its way through the broker.
struct Reading {
  Actions actions;
  std::vector<MessagePtr> messages;     // for the sinks
  std::shared_ptr<PublishBatch> batch;  // what is to be answered
  uint64_t ticket = 0;                  // of what they are to be queued or retained for
};

class BrokerThread {
 public:
  // `threads`: how many there are in all.
  BrokerThread(Hub& hub, net::IoThread& io, uint32_t index, size_t threads);
  ~BrokerThread();

  Hub& hub() { return hub_; }
  net::IoThread& io() { return io_; }
  uint32_t index() const { return index_; }
  Now now() const { return hub_.now(); }
  // Runs `task` on this loop later, if the hub still lives.
  void post(std::function<void(BrokerThread&)> task);
  net::IoThread::TimerId after_ms(int64_t delay_ms, std::function<void(BrokerThread&)> task);

  void adopt(std::unique_ptr<net::Stream> stream, ListenerPolicyPtr policy);
  Connection* find_connection(uint64_t number);
  // Calls Connection::on_time() at that time, in Now::ms. One timer serves all connections, and a
  // time that has become pointless costs less than taking it back.
  void look_at(uint64_t connection, int64_t at_ms);
  // What a read of a connection brings: one is in use per read, so connections own none.
  std::unique_ptr<Reading> borrow_reading();
  void give_back(std::unique_ptr<Reading> reading);
  // Calls Connection::relieved() once no sink is congested.
  void resume_when_relieved(uint64_t number);
  // Forgets a closed connection, once its callbacks have returned.
  void retire(uint64_t number);
  // The first half of a stop: every connection, and every session that ends with the process.
  // The thread that is the last to do so makes all of them do the second.
  void close_all();

  JournalBatch& journal() { return journal_; }

  struct Routed {
    bool is_wanted = false;  // it matched a subscription
    uint64_t ticket = 0;     // of what was written down of it; 0: nothing
  };
  // Retains, matches and delivers one message, `at` being about now; sinks are the caller's.
  Routed route(const MessagePtr& message, const Receiver* publisher, Now at);
  // route() and the sinks, for what comes from no client's read: wills, the server's messages.
  void publish(const MessagePtr& message, const Receiver* publisher);
  // Every sink has the batch: settles its session, wherever that is.
  void batch_is_stored(const std::shared_ptr<PublishBatch>& batch);
  // Routes what has been stored of the session's QoS 2 publishes, and answers its client.
  void settle(Session& session);
  // What another thread routed to sessions here.
  struct Outbox;
  void receive(Outbox& batch);
  // Hands the outboxes over and adds the tally to the metrics. When the batch of events is over,
  // and nothing of this thread's is in use, few deliveries may be made from here.
  void flush(bool batch_is_over = false);
  void flush_later();  // at the end of the batch

  // Gets the claim its session, wherever that is: Connection::begin() or refuse() follows.
  void resolve(Claim claim);
  // The session's client may be given what this list says, from now on; null: everything.
  void restrict(Session& session, const std::shared_ptr<const TopicAccess>& topics);
  // Asks the identities of all connections again, and of who left wills that wait; some at a time.
  void review_identities();
  void forget_will(Session& session);
  // The same, if whoever left it may not publish it any more.
  void forget_forbidden_will(Session& session);
  // The connection ended; the session goes on without it, or ends.
  void connection_ended(Session& session, bool with_will);
  // The connection has begun; its session's expiry interval is set. From here on the session is
  // written down, or no longer, as it outlives its connection.
  void note_connected(Session& session, std::string_view user);
  // A session that came from another thread for `claim`.
  void arrive(std::unique_ptr<Session> session, const Claim& claim);

  // What only this thread knows of a session at home here.
  void tell_details(Receiver& receiver, ClientDetails& out);
  // Ends its connection, and its session if told so.
  void kick(Receiver& receiver, bool end_session);
  // Shared subscriptions (shared_groups.cc). The session's client has unsubscribed from some; it
  // has connected or joined, so that what absent members hold can come to it.
  void left_groups(Session& session, const std::vector<std::string_view>& filters);
  void member_connected(const SharedGroup& group);

  // Sessions found in the journal, whose home this is; `by_crash`: they were connected until the
  // process ended. Before any connection.
  struct Recovered {
    std::unique_ptr<Session> session;
    bool by_crash = false;
    int64_t gone_ms = 0;  // since their client left
  };
  void take_recovered(std::vector<Recovered> recovered);

  void start_system_topics();

 private:
  // A session at home here.
  struct Home {
    std::unique_ptr<Session> session;
    uint64_t connection = 0;  // 0: none
    net::IoThread::TimerId expiry_timer = 0, will_timer = 0;
  };
  // A session on its way here, and what waits for it.
  struct Arriving {
    struct Parked {
      MessagePtr message;
      Grant grant;
      uint64_t number = 0;  // the journal's
    };
    // What the old home passes on was routed before what comes here directly.
    std::vector<Parked> forwarded, direct;
    std::unique_ptr<Share> share;  // of the budget of all queues
    std::deque<Claim> claims;
  };

  // How a message came to this thread: matched here, from the thread that matched it, or from the
  // home that the receiver has left.
  enum class Way : uint8_t { matched, received, forwarded };
  void deliver(const Target& target, const Grant& grant, const MatchPtr& match,
               Way way = Way::matched);
  void settle(Session& session, PublishBatch& batch, const std::optional<Error>& failure,
              Settlement& out);
  void route_unrouted(PublishBatch& batch);
  void deliver_here(const Target& target, const Grant& grant, const MatchPtr& match, Way way);
  // Shared subscriptions (shared_groups.cc).
  void deliver_to_group(const Match::Group& group, const MatchPtr& match);
  bool deliver_to_better_member(const Target& target, const MatchPtr& match);
  void hand_to_group(const SharedGroup& group, const MessagePtr& message, uint64_t number);
  void hand_on_to_connected(Session& session);
  void hand_on(Session& session, const Session::Wanted& wanted);
  void park(Receiver& receiver, const Grant& grant, Way way);
  // Journal: the message waits for these receivers (those of them that are written down).
  using Members = absl::InlinedVector<const Target*, 4>;
  uint64_t write_down(const MessagePtr& message, const Match& match, const Members& members,
                      const Receiver* publisher, uint64_t& number);
  uint64_t write_down_one(const Target& target, const Grant& grant, const MessagePtr& message,
                          uint64_t& number);
  void write_moved(const Receiver* from, const Target& to);
  void resolve_here(const std::shared_ptr<Receiver>& receiver, const Claim& claim);
  void create_session(std::shared_ptr<Receiver> receiver, const Claim& claim);
  void attach(Home& home, const Claim& claim, bool present);
  void give_away(Receiver& receiver, const Claim& claim);
  // Runs `then` here when every message routed before this call has arrived where it was sent.
  void after_barrier(std::function<void(BrokerThread&)> then);
  void cancel_timers(Home& home);
  void wait_for_return(Home& home, int64_t gone_ms);
  void publish_will(Home& home);
  bool has_forbidden_will(const Session& session) const;
  struct Review;
  void review_portion(std::shared_ptr<Review> rest);
  void end_session(Receiver& receiver);
  std::unique_ptr<Session> let_go(Receiver& receiver);
  void let_all_go();
  std::string_view take_place(const ListenerPolicy& policy);
  void publish_system_topics();
  static bool is_small(const Outbox& box);
  void look_for_relief();
  void arm_looks();
  void look_at_due();

  // Deliveries that cost less than waking another thread, its system calls and its way to a core:
  // to so many receivers, each a write to its socket, and so many in all. More are worth a second
  // core's help.
  static constexpr size_t kHandOverReceiversMax = 8;
  static constexpr size_t kHandOverMax = 100;
  // How often congested sinks are asked: a few group commits.
  static constexpr int64_t kReliefMs = 5;

  Hub& hub_;
  net::IoThread& io_;
  const uint32_t index_;
  uint64_t last_connection_ = 0;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Connection>> connections_;
  absl::flat_hash_map<const Receiver*, Home> homes_;
  absl::flat_hash_map<const Receiver*, Arriving> arriving_;
  JournalBatch journal_;
  MatchCache matches_;
  Outgoing outgoing_;
  std::vector<std::unique_ptr<Outbox>> outboxes_;  // by thread
  size_t outbox_items_ = 0;                        // of the last one: the next will be like it
  bool flush_is_due_ = false;
  std::unique_ptr<Reading> spare_reading_;
  // When connections are to be looked at: a heap, the earliest first.
  struct Look {
    int64_t at_ms = 0;
    uint64_t connection = 0;
    bool operator>(const Look& other) const { return at_ms > other.at_ms; }
  };
  std::priority_queue<Look, std::vector<Look>, std::greater<>> looks_;
  net::IoThread::TimerId looks_timer_ = 0;
  int64_t looks_armed_ms_ = INT64_MAX;
  std::vector<uint64_t> resting_;  // connections that wait for the sinks
  net::IoThread::TimerId system_timer_ = 0;
  std::unique_ptr<SystemTopics> system_topics_;  // on the first thread
};

// Messages routed on one thread for sessions of another.
struct BrokerThread::Outbox {
  struct Item {
    MessagePtr message;
    uint32_t match = 0;    // its place in `matches`
    uint32_t targets = 0;  // so many of `targets` are this message's
    uint64_t number = 0;   // the journal's
  };
  struct To {
    const Target* target = nullptr;
    const Grant* grant = nullptr;
    bool is_forwarded = false;
  };
  std::vector<Item> items;
  std::vector<To> targets;
  std::vector<MatchPtr> matches;  // keep the targets' receivers and grants alive
};

}  // namespace weir::mqtt
