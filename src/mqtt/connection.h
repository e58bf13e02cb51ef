// Connection: one client's network connection: the only place where the broker touches a Stream.
//
// Feeds the stream's bytes to the Protocol and carries out the actions: sessions, subscriptions,
// routing, sinks. What one read brought is handed to each sink in one call; acknowledgements wait
// for all sinks, keep their order and go out together. Lives on its io thread; answers from other
// threads find it by its number.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mqtt/broker_thread.h"
#include "mqtt/protocol.h"
#include "mqtt/rate_limit.h"
#include "net/stream.h"

namespace weir::mqtt {

class Connection final : public net::StreamReader, public Wire, private FrameObserver {
 public:
  // A client without a receive maximum (3.1.1) is read no further while so many of its QoS 1 and 2
  // publishes wait for the sinks: their acknowledgements are held in memory.
  static constexpr size_t kUnansweredMax = 10'000;
  // Subscriptions of one client: far above what people write, small enough to be listed and held.
  static constexpr size_t kSubscriptionsMax = 10'000;
  // Topic filters of one SUBSCRIBE that are looked at: a client may bring all of its subscriptions
  // at once, and nobody waits for more than these.
  static constexpr size_t kFiltersMax = kSubscriptionsMax;
  // How far ahead a connection is looked at: a look a minute costs nothing.
  static constexpr int64_t kLookMsMax = 60'000;
  // How soon a keep-alive that ran out while reading rested is looked at again.
  static constexpr int64_t kRestingMs = 100;
  // How soon more retained messages are fed to a client that takes them: below what a user notices,
  // far above the cost of a turn.
  static constexpr int64_t kReplayPauseMs = 2;

  Connection(BrokerThread& thread, uint64_t number, std::unique_ptr<net::Stream> stream,
             ListenerPolicyPtr policy);
  ~Connection() override;

  void start();
  // One too many of its kind: CONNECT will be refused.
  void turn_away(Reason reason, std::string_view why);
  // The broker's answers to a CONNECT.
  void authenticated(Result<Identity> identity);
  void begin(Session& session, bool session_present);
  // `cause`: more of why, for the log alone.
  void refuse(Reason reason, std::string_view why, bool tells_client = true,
              std::string_view cause = {});
  // Ends the connection on the server's wish; its will is due.
  void close(Reason reason, std::string_view why);
  // Asks the identity's standing again: another identity holds from now on, or none.
  void review();
  uint64_t number() const { return number_; }
  const Protocol& protocol() const { return protocol_; }
  // Publishes are settled at the end of a read, for all that it brought.
  bool is_in_read() const { return reading_ != nullptr; }
  // So many of its publishes were answered with `acknowledgements`; of their exchanges `ended` did.
  void answer(std::string_view acknowledgements, size_t answered, size_t ended);

  // The time it asked to be looked at has come (BrokerThread::look_at()).
  void on_time();
  // No sink is congested any more: reads again.
  void relieved();

  // net::StreamReader
  void on_bytes(std::string_view bytes) override;
  void on_end(Result<void> how) override;
  void on_drained() override;
  // Wire
  void write(std::string_view bytes) override;
  void write_shared(std::shared_ptr<const std::string> bytes) override;
  size_t unsent_bytes() const override;
  void hold_until(uint64_t ticket) override;

 private:
  void consume(std::string_view bytes);
  void note_unadmitted();
  void note_partial();
  bool has_room_for(const Message& will) const;
  void perform(Reading& reading, Now at);
  void go_on_after_connect();
  void handle(ConnectAction& action);
  void handle(PublishAction& action, Now at);
  // What a SUBSCRIBE has made, beside its answers.
  struct NewSubscriptions {
    std::vector<std::pair<const std::string*, Subscription>> want_retained;
    std::vector<SharedGroupPtr> joined;
  };
  Reason subscribe(const SubscribeAction& action, const SubscribeAction::Entry& entry,
                   NewSubscriptions& made, const char*& why);
  void handle(SubscribeAction& action);
  void handle(UnsubscribeAction& action);
  void handle(AnswerAction& action);
  void handle(EndAction& action);
  // Puts the publish into the batch of this read. False if it is the repetition of a known one.
  bool answer_later(const PublishAction& action);
  void hand_to_sinks();
  void pause_if_needed();
  void rest_for_rate();
  void resume();
  void read_on();
  void feed_session();
  void arm_timer();
  void look_at(int64_t at_ms);
  const Identity& identity() const { return protocol_.identity(); }
  const std::string& client_id() const { return protocol_.client_id(); }
  // Lets go of session and stream. `farewell` is written first.
  void finish(std::string_view farewell, bool with_will, bool gracefully);
  void describe(const ConnectRequest& request);
  // As the log calls it: "client C from ADDRESS at LISTENER".
  std::string shown() const;
  // It was told already why it has no place: one line for each such connection.
  bool is_told_of() const { return turned_away_as_ == Reason::quota_exceeded; }
  void log_refused_publish(const std::string& topic);
  // Something that hold_until() waits for is durable, or never will be.
  void release_held(bool is_durable);
  void note_end(std::string_view why);
  void tell_in_flight();
  // Traces (connection_trace.cc).
  bool is_traced() {
    uint64_t generation = thread_.hub().traces.generation();
    return generation != 0 && is_traced(generation);
  }
  bool is_traced(uint64_t generation);
  void trace_connect();
  void trace_out(std::string_view packets);
  void count_out(std::string_view packets);
  void on_frame(const Frame& frame) override;

  BrokerThread& thread_;
  const uint64_t number_;
  std::unique_ptr<net::Stream> stream_;
  const ListenerPolicyPtr policy_;
  Protocol protocol_;
  std::unique_ptr<ConnectRequest> request_;  // until it is answered
  std::unique_ptr<ClientRate> rate_;         // null: without limits
  std::string_view turned_away_;             // a literal; empty: it is not
  size_t pending_bytes_ = 0;                 // its part of what the hub has unadmitted, or partial
  Session* session_ = nullptr;  // owned by the thread; null before CONNECT and after the end
  bool closed_ = false;
  bool paused_ = false;         // reading rests for the sinks, or for what they are to answer
  bool resting_ = false;        // the thread will call relieved()
  bool stuffed_ = false;        // reading rests until the peer has taken its answers
  bool throttled_ = false;      // reading rests until the client's rate is right again
  bool published_ = false;      // in this read
  bool wrote_ = false;          // in the journal, in this read
  bool goes_on_ = false;        // CONNECT was accepted; what came behind it is still to be read
  bool traced_ = false;         // as of trace_generation_
  bool replay_is_due_ = false;  // at the end of the read
  bool feeding_ = false;        // a timer will call feed_session()
  bool refusal_is_logged_ = false;           // of a publish
  bool assigned_ = false;                    // the client identifier
  Reason turned_away_as_ = Reason::success;  // quota exceeded: it has no place, it only lingers
  uint64_t trace_generation_ = 0;
  int64_t looked_at_ms_ = INT64_MAX;  // when on_time() comes next
  Reading* reading_ = nullptr;        // of this read, while its actions are carried out
  size_t unanswered_ = 0;             // publishes in this connection's batches
  // Written behind a step that is not durable yet, oldest first.
  struct Held {
    uint64_t ticket = 0;
    std::string bytes;
  };
  std::vector<Held> held_;
  size_t held_bytes_ = 0;
};

}  // namespace weir::mqtt
