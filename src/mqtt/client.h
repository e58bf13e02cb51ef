// Client: weir as a client of another broker: keeps a connection, and the session across
// connections.
//
// Dials, connects, subscribes; when the connection is lost it tries again, with a pause that
// doubles up to a bound and is spread at random, so that many clients do not come back at once.
// Everything but start(), stop() and status() is for its io thread, and so are the calls to its
// owner. How a stream is made (TCP, TLS, WebSocket) is the caller's: `dial`. Bytes and rules are
// ClientSession's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/sync.h"
#include "mqtt/client_session.h"
#include "mqtt/client_status.h"
#include "net/stream.h"

namespace weir::mqtt {

// Connects a stream on that io thread; `done` runs there.
using Dialed = std::function<void(Result<std::unique_ptr<net::Stream>>)>;
using Dial = std::function<void(net::IoThread&, Dialed)>;

class ClientOwner {
 public:
  virtual ~ClientOwner() = default;
  virtual void on_connected(bool /*session_present*/) {}
  // The server's session holds the subscriptions; `held` is what to remember with it.
  virtual void on_subscribed(const std::set<std::string>& /*held*/) {}
  virtual void on_disconnected() {}
  // Of one read. Those with a ticket wait for acknowledge() or give_back().
  virtual void on_messages(std::vector<ReceivedEvent> messages) = 0;
  virtual void on_published(uint64_t /*ticket*/, Reason /*reason*/) {}
  // The stream has got rid of what was written.
  virtual void on_drained() {}
};

struct ClientSettings {
  std::string name;  // "broker", "bridge NAME": in logs and metrics
  std::string url;   // for people; without password
  ClientOptions options;
  // Whether to try 3.1.1 (as a bridge where options say so, then plainly) where a broker does not
  // take what the options say.
  bool try_older = true;
  Dial dial;
  int64_t retry_ms_min = 500;
  int64_t retry_ms_max = 60'000;
};

class Client final : public net::StreamReader, public std::enable_shared_from_this<Client> {
 public:
  // A connection that holds so long was a good one: the next pause is the shortest again.
  static constexpr int64_t kGoodMs = 10'000;

  // `clock` and `owner` outlive it, or its stop().
  static std::shared_ptr<Client> make(net::IoThread& thread, const Clock& clock,
                                      ClientSettings settings, ClientOwner& owner);
  Client(net::IoThread& thread, const Clock& clock, ClientSettings settings, ClientOwner& owner);
  ~Client() override;

  void start();  // any thread
  // Leaves with DISCONNECT; the owner hears nothing more once it returns. Any thread but an io
  // thread, which calls close().
  void stop();
  void close();
  ClientStatus status() const;  // any thread

  bool is_connected() const { return session_.is_connected(); }
  bool has_room(size_t bytes) const { return session_.has_room(bytes); }
  size_t publishes_waiting() const { return session_.publishes_waiting(); }
  size_t unacknowledged() const { return session_.unacknowledged(); }
  // Bytes written that the network has not taken: a measure for whom to slow down.
  size_t unsent_bytes() const { return stream_ ? stream_->unsent_bytes() : 0; }
  const ClientOptions& options() const { return session_.options(); }

  // QoS 1 and 2; has_room() holds. on_published() follows, after this has returned.
  uint64_t publish(MessagePtr message, uint8_t qos, bool retain);
  // QoS 0; false when it cannot go out.
  bool publish_unacknowledged(const Message& message, bool retain);

  void acknowledge(std::span<const uint64_t> tickets, Reason reason = Reason::success);
  // These could not be stored: they are wanted again on the next connection. True if the present
  // one has to end for it: reconnect().
  bool give_back(std::span<const uint64_t> tickets);
  // Ends the connection and tries again after a pause.
  void reconnect(const Error& why);

  void pause_reading();
  void resume_reading();

  // net::StreamReader
  void on_bytes(std::string_view bytes) override;
  void on_end(Result<void> how) override;
  void on_drained() override;

 private:
  // What is offered to the broker: the protocol version and whether weir says that it is a bridge.
  struct Offer {
    Version version;
    bool is_bridge;
  };

  void dial();
  void dialed(Result<std::unique_ptr<net::Stream>> stream);
  void flush();
  void flush_soon();
  void dispatch(ClientEvent& event);
  void accepted(const ConnectedEvent& event);
  void ended(const EndedEvent& event);
  void note_error(std::string_view why);
  void lost(std::string_view why, bool at_once);
  bool next_offer();
  void retry_later(std::string_view why, bool was_connected);
  void arm_timer();
  void on_timer();
  Now now() const { return {clock_.steady_ms(), clock_.wall_ns()}; }

  net::IoThread& thread_;
  const Clock& clock_;
  const ClientSettings settings_;
  ClientOwner& owner_;
  ClientSession session_;
  ClientOutput out_;
  std::vector<Offer> offers_;
  size_t offer_ = 0;
  bool offer_is_guess_ = false;  // the broker closed on the one before, and did not say why
  std::unique_ptr<net::Stream> stream_;
  std::vector<ReceivedEvent> received_;
  bool in_flush_ = false, flush_is_due_ = false;
  bool paused_ = false;
  bool closed_ = false;
  bool was_accepted_ = false;  // this connection, by its CONNACK
  bool unusable_is_logged_ = false;
  int64_t connected_ms_ = 0;
  int failures_ = 0;  // in a row
  uint64_t attempt_ = 0;
  net::IoThread::TimerId timer_ = 0, retry_timer_ = 0;
  int64_t timer_due_ms_ = INT64_MAX;
  Guarded<ClientStatus> status_;
  struct Metrics;
  std::unique_ptr<Metrics> metrics_;
};

}  // namespace weir::mqtt
