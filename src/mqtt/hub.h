// Hub: what the broker's threads share, and the way from one to another.
//
// Tasks and timers hold the hub by shared_ptr, so that an answer that comes late (a sink's
// completion, a password check) finds it alive, if without connections. Any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/sync.h"
#include "mqtt/broker.h"
#include "mqtt/journal.h"
#include "mqtt/now.h"
#include "mqtt/rate_limit.h"
#include "mqtt/receiver.h"
#include "mqtt/receiver_set.h"
#include "mqtt/retained_store.h"
#include "mqtt/session.h"
#include "mqtt/text_map.h"
#include "mqtt/topic_tree.h"
#include "mqtt/traces.h"

namespace weir::mqtt {

class BrokerThread;

struct Hub : std::enable_shared_from_this<Hub> {
  // `the_journal`: opened, not started; null: nothing outlives the process.
  Hub(const Clock& the_clock, BrokerOptions the_options, std::vector<PublishSink*> the_sinks,
      std::unique_ptr<Journal> the_journal = nullptr);
  ~Hub();

  // One BrokerThread for each io thread, in their order. Once, before anything else.
  void add_threads(const std::vector<net::IoThread*>& io_threads);
  // Makes sessions and retained messages of what the journal holds. Once, after add_threads() and
  // before any connection.
  void recover();
  // Runs `task` on that io thread.
  void post(uint32_t thread, std::function<void(BrokerThread&)> task);
  // The same for a small task, where nothing of the caller's is in use (net::IoThread).
  void hand_over(uint32_t thread, std::function<void(BrokerThread&)> task);

  Now now() const { return {clock.steady_ms(), clock.wall_ns()}; }
  bool is_congested() const;
  // Every sink has stored the batch, or failed to.
  void batch_is_stored(const std::shared_ptr<PublishBatch>& batch);
  // As Broker's of the same names: client_list.cc.
  ClientPage clients(const ClientQuery& query) const;
  void find_client(std::string client_id, std::function<void(std::optional<ClientDetails>)> done);
  void kick(std::string client_id, bool end_session, std::function<void(bool)> done);
  void sample_rates();
  // As Broker's: access_review.cc.
  void review_identities();
  // The limits on connections (connection_rates.cc): which of them one from this peer exceeds, or
  // empty; it is counted then until connection_gone().
  std::string_view exceeded_by(const net::Peer& peer);
  void connection_gone(const net::Peer& peer);
  // Publishes as the server: "$weir".
  void publish(MessagePtr message);
  // Closes every connection and waits; see Broker::stop().
  void stop();

  const Clock& clock;
  const BrokerOptions options;
  const std::vector<PublishSink*> sinks;
  TopicTree tree;
  RetainedStore retained;
  QueueBudget queues;
  Traces traces;
  const std::unique_ptr<Journal> journal;  // null: nothing outlives the process
  // Every session's receiver by client id; an entry's home changes on its home thread only.
  Guarded<ReceiverSet> receivers;
  std::atomic<size_t> connections = 0;
  // What connections hold whose CONNECT is not accepted yet. Beyond the bound those with more than
  // a common CONNECT are refused; kUnadmittedFree for each connection comes on top.
  static constexpr size_t kUnadmittedBytesMax = 64 * 1024 * 1024;
  static constexpr size_t kUnadmittedFree = 1024;
  // What clients have sent of packets that are not whole yet, beyond kPartialFree for each.
  static constexpr size_t kPartialBytesMax = 512 * 1024 * 1024;
  static constexpr size_t kPartialFree = 16 * 1024;
  std::atomic<size_t> partial_bytes = 0;
  // Connections beyond the most there may be that stay until their CONNECT can be answered: some
  // hundred give every client of a common storm a reason; more are closed at once.
  static constexpr size_t kLingeringMax = 500;
  std::atomic<size_t> lingering = 0;
  std::atomic<size_t> unadmitted_bytes = 0;
  std::atomic<size_t> clients_connected = 0, clients_connected_most = 0;
  std::atomic<uint64_t> sessions_expired = 0;
  void client_connected();
  // Of all clients together, as sample_rates() found them.
  struct Totals {
    std::atomic<uint64_t> queued_messages = 0, queued_bytes = 0;
    std::atomic<uint64_t> in_flight_in = 0, in_flight_out = 0;
  };
  Totals totals;
  std::atomic<bool> stopping = false;
  std::atomic<size_t> threads_closed = 0;      // BrokerThread::close_all()
  Guarded<size_t> threads_stopped{size_t(0)};  // they hold nothing any more
  std::condition_variable thread_stopped;
  std::atomic<bool> review_is_due = false;
  Guarded<TokenBucket> connection_rate;
  Guarded<TextMap<size_t>> connections_by_address;  // when they are limited
  const int64_t started_ms;
  std::vector<std::unique_ptr<BrokerThread>> threads;  // their connections use what stands above

 private:
  using HomeTask = std::function<void(BrokerThread*, Receiver*)>;
  void on_home(std::string client_id, int looks, HomeTask then);
  struct Nothing {};
  Guarded<Nothing> sampling_;  // one at a time
  struct Gauges;
  std::unique_ptr<Gauges> gauges_;  // last: they read the members above
};

}  // namespace weir::mqtt
