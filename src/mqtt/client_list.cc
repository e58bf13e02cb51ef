// Hub: reading the clients. Everything but find_client() and kick() reads the receivers' figures
// from any thread and asks nothing of the io threads.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/hub.h"

namespace weir::mqtt {
namespace {

using ReceiverPtr = std::shared_ptr<Receiver>;

// A rate follows a change to two thirds in this time: calm enough to read, quick enough to show.
constexpr double kRateSmoothingMs = 10'000;
// A session that moves between threads is looked for again after this, so often: a move takes a
// few turns of the loops.
constexpr int64_t kLookAgainMs = 2;
constexpr int kLooksMax = 500;

std::vector<ReceiverPtr> all_receivers(const Hub& hub) {
  auto held = hub.receivers.lock();
  std::vector<ReceiverPtr> all;
  all.reserve(held->size());
  for (const ReceiverPtr& receiver : *held) all.push_back(receiver);
  return all;
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}
// ASCII case only: client identifiers and addresses are nearly always that.
bool contains(std::string_view text, std::string_view lowered) {
  auto at = std::search(text.begin(), text.end(), lowered.begin(), lowered.end(),
                        [](char a, char b) { return lower(a) == b; });
  return at != text.end();
}

bool matches(const Receiver& receiver, const Receiver::Details& details, const ClientQuery& query,
             std::string_view lowered) {
  if (query.state == ClientQuery::State::connected && !details.connected) return false;
  if (query.state == ClientQuery::State::kept && details.connected) return false;
  return lowered.empty() || contains(receiver.client_id, lowered) ||
         contains(details.user, lowered) || contains(details.peer, lowered) ||
         (details.policy && contains(details.policy->name, lowered));
}

// What a client is sorted by: a text or a number, then its identifier.
struct Row {
  ReceiverPtr receiver;
  std::string text;
  double number = 0;
};

double dropped_in_all(const Receiver& receiver, const Receiver::Details& details) {
  uint64_t sum = receiver.refused.load(std::memory_order_relaxed);
  if (details.dropped) sum = std::accumulate(details.dropped->begin(), details.dropped->end(), sum);
  return static_cast<double>(sum);
}

double number_of(const Receiver& receiver, const Receiver::Details& details,
                 ClientQuery::Order order) {
  switch (order) {
    case ClientQuery::Order::client_id:
    case ClientQuery::Order::user:
      break;
    case ClientQuery::Order::connected_at:
      return static_cast<double>(details.connected_at_ns);
    case ClientQuery::Order::messages_in:
      return receiver.rates[0].load(std::memory_order_relaxed);
    case ClientQuery::Order::messages_out:
      return receiver.rates[1].load(std::memory_order_relaxed);
    case ClientQuery::Order::bytes_in:
      return receiver.rates[2].load(std::memory_order_relaxed);
    case ClientQuery::Order::bytes_out:
      return receiver.rates[3].load(std::memory_order_relaxed);
    case ClientQuery::Order::queued:
      return receiver.queued_messages.load(std::memory_order_relaxed);
    case ClientQuery::Order::dropped:
      return dropped_in_all(receiver, details);
    case ClientQuery::Order::subscriptions:
      return receiver.subscriptions.load(std::memory_order_relaxed);
  }
  return 0;
}

bool comes_before(const Row& a, const Row& b, bool descending) {
  if (a.number != b.number) return (a.number < b.number) != descending;
  if (a.text != b.text) return (a.text < b.text) != descending;
  return a.receiver->client_id < b.receiver->client_id;
}

ClientInfo describe(Receiver& receiver) {
  ClientInfo info;
  info.client_id = receiver.client_id;
  {
    auto details = receiver.details.lock();
    info.user = details->user;
    info.peer = details->peer;
    if (details->policy) {
      info.listener = details->policy->name;
      info.transport = details->policy->transport;
    }
    info.protocol_version = details->protocol_version;
    info.connected = details->connected;
    info.clean_start = details->clean_start;
    info.session_expiry_s = details->session_expiry_s;
    info.keep_alive_s = details->keep_alive_s;
    info.connected_at_ns = details->connected_at_ns;
    if (details->dropped) info.dropped = *details->dropped;
    if (!details->connected) {
      info.disconnected_at_ns = details->disconnected_at_ns;
      info.ended_because = details->ended_because;
    }
  }
  auto read = [](const auto& figure) { return figure.load(std::memory_order_relaxed); };
  info.messages_in = read(receiver.messages_in);
  info.messages_out = read(receiver.messages_out);
  info.bytes_in = read(receiver.bytes_in);
  info.bytes_out = read(receiver.bytes_out);
  info.rates = {read(receiver.rates[0]), read(receiver.rates[1]), read(receiver.rates[2]),
                read(receiver.rates[3])};
  info.refused = read(receiver.refused);
  info.in_flight_in = read(receiver.in_flight_in);
  info.in_flight_out = read(receiver.in_flight_out);
  info.queued_messages = read(receiver.queued_messages);
  info.queued_bytes = read(receiver.queued_bytes);
  info.subscriptions = read(receiver.subscriptions);
  return info;
}

}  // namespace

ClientPage Hub::clients(const ClientQuery& query) const {
  ClientPage page;
  std::string lowered = query.text;
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
  std::vector<Row> rows;
  for (ReceiverPtr& receiver : all_receivers(*this)) {
    auto details = receiver->details.lock();
    (details->connected ? page.connected : page.kept)++;
    if (!matches(*receiver, *details, query, lowered)) continue;
    Row row;
    row.number = number_of(*receiver, *details, query.order);
    if (query.order == ClientQuery::Order::client_id) row.text = receiver->client_id;
    if (query.order == ClientQuery::Order::user) row.text = details->user;
    details.unlock();
    row.receiver = std::move(receiver);
    rows.push_back(std::move(row));
  }
  page.matching = rows.size();
  size_t begin = std::min(query.offset, rows.size());
  size_t end = begin + std::min(query.limit, rows.size() - begin);
  auto middle = rows.begin() + static_cast<ptrdiff_t>(end);
  std::partial_sort(rows.begin(), middle, rows.end(), [&](const Row& a, const Row& b) {
    return comes_before(a, b, query.descending);
  });
  for (size_t i = begin; i < end; i++) page.clients.push_back(describe(*rows[i].receiver));
  return page;
}

void Hub::sample_rates() {
  auto turn = sampling_.lock();
  traces.expire(clock.wall_ns());
  int64_t at_ms = clock.steady_ms();
  uint64_t queued_messages = 0, queued_bytes = 0, in_flight_in = 0, in_flight_out = 0;
  for (const ReceiverPtr& receiver : all_receivers(*this)) {
    queued_messages += receiver->queued_messages.load(std::memory_order_relaxed);
    queued_bytes += receiver->queued_bytes.load(std::memory_order_relaxed);
    in_flight_in += receiver->in_flight_in.load(std::memory_order_relaxed);
    in_flight_out += receiver->in_flight_out.load(std::memory_order_relaxed);
    const std::array<uint64_t, 4> counts = {
        receiver->messages_in.load(std::memory_order_relaxed),
        receiver->messages_out.load(std::memory_order_relaxed),
        receiver->bytes_in.load(std::memory_order_relaxed),
        receiver->bytes_out.load(std::memory_order_relaxed),
    };
    Receiver::Sample& last = receiver->last_sample;
    const auto passed_ms = static_cast<double>(at_ms - last.at_ms);
    const bool is_first = last.at_ms == 0;
    if (!is_first && passed_ms <= 0) continue;
    const double weight = 1 - std::exp(-passed_ms / kRateSmoothingMs);
    for (size_t i = 0; i < counts.size() && !is_first; i++) {
      double now_rate = static_cast<double>(counts[i] - last.counts[i]) * 1000 / passed_ms;
      double before = receiver->rates[i].load(std::memory_order_relaxed);
      double rate = before == 0 ? now_rate : before + weight * (now_rate - before);
      if (rate < 0.001) rate = 0;  // one message in a quarter of an hour: at rest
      receiver->rates[i].store(static_cast<float>(rate), std::memory_order_relaxed);
    }
    last = {at_ms, counts};
  }
  totals.queued_messages = queued_messages;
  totals.queued_bytes = queued_bytes;
  totals.in_flight_in = in_flight_in;
  totals.in_flight_out = in_flight_out;
}

void Hub::client_connected() {
  size_t now_connected = ++clients_connected;
  size_t most = clients_connected_most;
  while (most < now_connected &&
         !clients_connected_most.compare_exchange_weak(most, now_connected)) {
  }
}

// Runs `then` with the receiver on its session's home thread; with null when there is no session
// of that name.
void Hub::on_home(std::string client_id, int looks, HomeTask then) {
  std::shared_ptr<Receiver> receiver;
  {
    auto held = receivers.lock();
    if (auto found = held->find(client_id); found != held->end()) receiver = *found;
  }
  uint32_t home = receiver ? receiver->home.load(std::memory_order_acquire) : Receiver::kGone;
  if (home == Receiver::kGone || stopping || looks > kLooksMax) return then(nullptr, nullptr);
  post(home, [client_id = std::move(client_id), receiver, looks,
              then = std::move(then)](BrokerThread& here) {
    if (receiver->home == here.index() && receiver->session != nullptr) {
      return then(&here, receiver.get());
    }
    here.after_ms(kLookAgainMs, [client_id, looks, then](BrokerThread& again) {
      again.hub().on_home(client_id, looks + 1, then);
    });
  });
}

void Hub::find_client(std::string client_id,
                      std::function<void(std::optional<ClientDetails>)> done) {
  on_home(std::move(client_id), 0,
          [done = std::move(done)](BrokerThread* here, Receiver* receiver) {
            if (here == nullptr) return done(std::nullopt);
            ClientDetails details;
            details.info = describe(*receiver);
            here->tell_details(*receiver, details);
            done(std::move(details));
          });
}

void Hub::kick(std::string client_id, bool end_session, std::function<void(bool)> done) {
  on_home(std::move(client_id), 0,
          [end_session, done = std::move(done)](BrokerThread* here, Receiver* receiver) {
            if (here == nullptr) return done(false);
            here->kick(*receiver, end_session);
            done(true);
          });
}

// --- on the home thread ---

void BrokerThread::tell_details(Receiver& receiver, ClientDetails& out) {
  const Session& session = *receiver.session;
  for (const auto& [filter, subscription] : session.subscriptions) {
    if (out.subscriptions.size() == ClientDetails::kSubscriptionsMax) break;
    out.subscriptions.push_back({filter, subscription.options, subscription.id});
  }
  if (session.will()) {
    const Message& message = *session.will()->message;
    out.will.emplace();
    out.will->topic = message.topic;
    out.will->payload_head = message.payload.substr(0, ClientDetails::kWillPayloadBytesMax);
    out.will->payload_bytes = message.payload.size();
    out.will->qos = message.qos;
    out.will->retain = message.retain;
    out.will->delay_s = session.will()->delay_s;
  }
  auto home = homes_.find(&receiver);
  if (home == homes_.end()) return;
  if (Connection* connection = find_connection(home->second.connection)) {
    out.unsent_bytes = connection->unsent_bytes();
  }
}

void BrokerThread::kick(Receiver& receiver, bool end_session) {
  auto found = homes_.find(&receiver);
  if (found == homes_.end()) return;
  std::shared_ptr<Receiver> held = found->second.session->shared_receiver();
  if (Connection* connection = find_connection(found->second.connection)) {
    connection->close(Reason::administrative_action, "an operator ended the connection");
  }
  if (end_session && homes_.contains(held.get())) this->end_session(*held);
  flush();
}

}  // namespace weir::mqtt
