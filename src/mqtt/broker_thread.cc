#include "mqtt/broker_thread.h"

#include <algorithm>

#include "base/log.h"
#include "base/log_limit.h"
#include "mqtt/connection.h"
#include "mqtt/metrics.h"
#include "mqtt/system_topics.h"

namespace weir::mqtt {

BrokerThread::BrokerThread(Hub& hub, net::IoThread& io, uint32_t index, size_t threads)
    : hub_(hub),
      io_(io),
      index_(index),
      journal_(hub.journal.get(), hub.retained, index),
      matches_(hub.tree),
      outboxes_(threads) {}

BrokerThread::~BrokerThread() = default;

void BrokerThread::post(std::function<void(BrokerThread&)> task) {
  hub_.post(index_, std::move(task));
}

net::IoThread::TimerId BrokerThread::after_ms(int64_t delay_ms,
                                              std::function<void(BrokerThread&)> task) {
  std::weak_ptr<Hub> hub = hub_.weak_from_this();
  return io_.after_ms(delay_ms, [hub, this, task = std::move(task)] {
    if (std::shared_ptr<Hub> alive = hub.lock()) {
      task(*this);
      flush();
    }
  });
}

// Counts one more connection, or tells why there is no place for it.
std::string_view BrokerThread::take_place(const ListenerPolicy& policy) {
  if (hub_.connections.fetch_add(1) >= hub_.options.connections_max) {
    hub_.connections.fetch_sub(1);
    return "as many connections as mqtt.max_connections admits";
  }
  if (policy.connections.fetch_add(1) >= policy.connections_max) {
    policy.connections.fetch_sub(1);
    hub_.connections.fetch_sub(1);
    return "as many connections as the max_connections of the listener admits";
  }
  return {};
}

void BrokerThread::adopt(std::unique_ptr<net::Stream> stream, ListenerPolicyPtr policy) {
  connections_accepted.add(1);
  if (hub_.stopping) return stream->close();
  std::string_view crowded = take_place(*policy);
  if (!crowded.empty()) {
    static log::Limit refusals{"mqtt", "connections beyond the most there may be"};
    if (refusals.admits()) {
      log::warn("mqtt", "connection from {} to {} refused: {}", stream->peer().text(), policy->name,
                crowded);
    }
    if (hub_.lingering.fetch_add(1) >= Hub::kLingeringMax) {
      hub_.lingering.fetch_sub(1);
      connections_turned_away.add(1);
      return stream->close();
    }
  }
  std::string_view exceeded = crowded.empty() ? hub_.exceeded_by(stream->peer()) : "";
  uint64_t number = ++last_connection_;
  auto connection =
      std::make_unique<Connection>(*this, number, std::move(stream), std::move(policy));
  Connection& started = *connection;
  if (!crowded.empty()) started.turn_away(Reason::quota_exceeded, crowded);
  if (!exceeded.empty()) started.turn_away(Reason::connection_rate_exceeded, exceeded);
  connections_.emplace(number, std::move(connection));
  started.start();
}

Connection* BrokerThread::find_connection(uint64_t number) {
  auto found = connections_.find(number);
  return found == connections_.end() ? nullptr : found->second.get();
}

void BrokerThread::look_at(uint64_t connection, int64_t at_ms) {
  looks_.push({at_ms, connection});
  arm_looks();
}

void BrokerThread::arm_looks() {
  if (looks_.empty() || looks_.top().at_ms >= looks_armed_ms_) return;
  if (looks_timer_ != 0) io_.cancel(looks_timer_);
  looks_armed_ms_ = looks_.top().at_ms;
  int64_t delay_ms = std::max<int64_t>(0, looks_armed_ms_ - now().ms);
  looks_timer_ = after_ms(delay_ms, [](BrokerThread& here) { here.look_at_due(); });
}

void BrokerThread::look_at_due() {
  looks_timer_ = 0;
  looks_armed_ms_ = INT64_MAX;
  int64_t now_ms = now().ms;
  std::vector<uint64_t> due;
  for (; !looks_.empty() && looks_.top().at_ms <= now_ms; looks_.pop()) {
    due.push_back(looks_.top().connection);
  }
  for (uint64_t number : due) {
    if (Connection* connection = find_connection(number)) connection->on_time();
  }
  arm_looks();
}

std::unique_ptr<Reading> BrokerThread::borrow_reading() {
  return spare_reading_ ? std::move(spare_reading_) : std::make_unique<Reading>();
}

void BrokerThread::give_back(std::unique_ptr<Reading> reading) {
  Actions& actions = reading->actions;
  constexpr size_t kKeptMax = 8192;  // what a read of small publishes brings; larger is let go
  if (actions.list.capacity() > kKeptMax || actions.reply.capacity() > 64 * kKeptMax) return;
  if (reading->messages.capacity() > kKeptMax) return;
  actions.list.clear();
  actions.reply.clear();
  actions.packets = 0;
  spare_reading_ = std::move(reading);
}

void BrokerThread::retire(uint64_t number) {
  post([number](BrokerThread& here) { here.connections_.erase(number); });
}

// One timer serves all that wait, however many publishers there are.
void BrokerThread::resume_when_relieved(uint64_t number) {
  resting_.push_back(number);
  if (resting_.size() == 1) {
    after_ms(kReliefMs, [](BrokerThread& here) { here.look_for_relief(); });
  }
}

void BrokerThread::look_for_relief() {
  if (hub_.is_congested() && !hub_.stopping) {
    after_ms(kReliefMs, [](BrokerThread& here) { here.look_for_relief(); });
    return;
  }
  for (uint64_t number : std::exchange(resting_, {})) {
    if (Connection* connection = find_connection(number)) connection->relieved();
  }
}

void BrokerThread::close_all() {
  if (system_timer_ != 0) io_.cancel(system_timer_);
  system_timer_ = 0;
  std::vector<uint64_t> numbers;
  for (const auto& [number, connection] : connections_) numbers.push_back(number);
  for (uint64_t number : numbers) {
    if (Connection* connection = find_connection(number)) {
      connection->close(Reason::server_shutting_down, "the server stops");
    }
  }
  // What no journal holds ends with the process, and its will is due.
  std::vector<std::shared_ptr<Receiver>> ending;
  for (const auto& [receiver, home] : homes_) {
    if (receiver->journal_key == 0) ending.push_back(home.session->shared_receiver());
  }
  for (const std::shared_ptr<Receiver>& receiver : ending) end_session(*receiver);
  flush();
  // A will can be for a session at home on any thread, so all stay until the last will is sent.
  if (++hub_.threads_closed < hub_.threads.size()) return;
  for (uint32_t thread = 0; thread < hub_.threads.size(); thread++) {
    hub_.post(thread, [](BrokerThread& there) { there.let_all_go(); });
  }
}

void BrokerThread::let_all_go() {
  std::vector<std::shared_ptr<Receiver>> left;
  for (const auto& [receiver, home] : homes_) left.push_back(home.session->shared_receiver());
  for (const std::shared_ptr<Receiver>& receiver : left) let_go(*receiver);
  flush();
  ++*hub_.threads_stopped.lock();
  hub_.thread_stopped.notify_all();
}

}  // namespace weir::mqtt
