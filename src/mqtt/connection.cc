#include "mqtt/connection.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/ids.h"
#include "base/log.h"
#include "base/log_limit.h"
#include "mqtt/metrics.h"
#include "mqtt/topic.h"

namespace weir::mqtt {
namespace {

// What strangers can make the log say.
log::Limit refusals{"mqtt", "refusals of clients"};
log::Limit faults{"mqtt", "clients closed for their faults"};
log::Limit failures{"mqtt", "connections that failed"};
log::Limit forbidden{"mqtt", "refusals of publishes"};
// Reasons may name a user.
constexpr size_t kWhyBytesShown = 256;

ProtocolLimits protocol_limits(const BrokerOptions& options, const ListenerPolicy& policy) {
  ProtocolLimits limits;
  limits.packet_bytes_max = std::min(options.packet_bytes_max, policy.packet_bytes_max);
  limits.receive_maximum = options.receive_maximum;
  limits.keep_alive_s_max = std::min(options.keep_alive_s_max, policy.keep_alive_s_max);
  limits.connect_ms_max = options.connect_ms_max;
  limits.topic_alias_maximum = options.topic_alias_max;
  limits.maximum_qos = std::min(options.qos_max, policy.qos_max);
  limits.retain_available = options.retain_available;
  return limits;
}

}  // namespace

Connection::Connection(BrokerThread& thread, uint64_t number, std::unique_ptr<net::Stream> stream,
                       ListenerPolicyPtr policy)
    : thread_(thread),
      number_(number),
      stream_(std::move(stream)),
      policy_(std::move(policy)),
      protocol_(protocol_limits(thread.hub().options, *policy_), thread.now()) {
  const BrokerOptions& options = thread.hub().options;
  if (options.messages_per_second_max > 0 || options.bytes_per_second_max > 0) {
    rate_ = std::make_unique<ClientRate>(options.messages_per_second_max,
                                         options.bytes_per_second_max, thread.now().ms);
  }
  connections_open.add(1);
}

Connection::~Connection() {
  connections_open.add(-1);
  Hub& hub = thread_.hub();
  if (turned_away_as_ == Reason::quota_exceeded) {
    hub.lingering.fetch_sub(1);
    return;
  }
  policy_->connections.fetch_sub(1);
  hub.connections.fetch_sub(1);
  if (turned_away_.empty()) hub.connection_gone(stream_->peer());
}

void Connection::start() {
  arm_timer();
  stream_->start(*this);
}

void Connection::on_bytes(std::string_view bytes) {
  if (closed_) return;
  bytes_received.add(bytes.size());
  if (session_ != nullptr) add_to(session_->receiver().bytes_in, bytes.size());
  if (rate_) rate_->bytes += bytes.size();
  consume(bytes);
}

void Connection::consume(std::string_view bytes) {
  protocol_.observe(is_traced() ? this : nullptr);
  std::unique_ptr<Reading> reading = thread_.borrow_reading();
  const Now at = thread_.now();
  protocol_.consume(bytes, at, reading->actions);
  perform(*reading, at);
  thread_.give_back(std::move(reading));
  if (session_ == nullptr) return note_unadmitted();
  if (pending_bytes_ != 0 || protocol_.buffered_bytes() > Hub::kPartialFree) note_partial();
}

// The same as note_unadmitted() for large packets that have not come whole.
void Connection::note_partial() {
  size_t bytes = closed_ ? 0 : protocol_.buffered_bytes();
  if (bytes <= Hub::kPartialFree) bytes = 0;
  const size_t before = std::exchange(pending_bytes_, bytes);
  const size_t in_all = thread_.hub().partial_bytes += bytes - before;
  if (bytes > before && in_all > Hub::kPartialBytesMax) {
    close(Reason::quota_exceeded, "too much of packets that have not come whole");
  }
}

// Keeps account of what a connection holds before it is anybody's.
void Connection::note_unadmitted() {
  size_t bytes = 0;
  if (!closed_ && session_ == nullptr) {
    bytes = protocol_.buffered_bytes() + (request_ ? request_->packet_bytes : 0);
  }
  size_t before = std::exchange(pending_bytes_, bytes);
  size_t in_all = thread_.hub().unadmitted_bytes += bytes - before;
  if (bytes <= before || bytes <= Hub::kUnadmittedFree || in_all <= Hub::kUnadmittedBytesMax) {
    return;
  }
  refuse(Reason::quota_exceeded, "too much that is not admitted yet");
}

void Connection::perform(Reading& reading, Now at) {
  Actions& actions = reading.actions;
  reading_ = &reading;
  const uint64_t steps = thread_.journal().steps();
  // PINGRESP tells that the broker lives: it waits for no disk.
  if (!actions.reply.empty() && !closed_) {
    count_out(actions.reply);
    stream_->write(actions.reply);
  }
  for (Action& action : actions.list) {
    std::visit(
        [&](auto& one) {
          if constexpr (std::is_same_v<decltype(one), PublishAction&>) {
            handle(one, at);
          } else {
            handle(one);
          }
        },
        action);
  }
  hand_to_sinks();
  reading_ = nullptr;
  if (std::exchange(replay_is_due_, false)) feed_session();
  go_on_after_connect();
  if (session_ != nullptr) thread_.settle(*session_);
  thread_.flush_later();
  wrote_ |= thread_.journal().steps() != steps;
  pause_if_needed();
}

void Connection::handle(ConnectAction& action) {
  request_ = std::move(action.request);
  assigned_ = request_->client_id.empty();
  protocol_.set_client_id(assigned_ ? "weir-" + id_to_text(make_random_id()) : request_->client_id);
  if (thread_.hub().traces.generation() != 0) trace_connect();
  if (!turned_away_.empty()) {
    return refuse(turned_away_as_, turned_away_, false);
  }
  // Until the decision the client has nothing to say that could be acted on.
  stream_->pause_reading();
  if (!policy_->authenticate) return authenticated(Identity{});
  Credentials credentials{client_id(), request_->user, request_->password, stream_->peer()};
  std::shared_ptr<Hub> hub = thread_.hub().shared_from_this();
  policy_->authenticate(std::move(credentials), [hub, index = thread_.index(),
                                                 number = number_](Result<Identity> identity) {
    hub->post(index, [number, identity](BrokerThread& here) {
      Connection* connection = here.find_connection(number);
      if (connection != nullptr) connection->authenticated(identity);
    });
  });
}

void Connection::authenticated(Result<Identity> answer) {
  if (closed_ || !request_) return;
  // What it rests on may have changed since the decision, before there was an identity to review.
  if (answer.ok() && answer->standing) answer = answer->standing->now();
  if (!answer.ok()) {  // why is for the log alone
    const bool too_often = answer.error().code == Errc::too_many_requests;
    return refuse(too_often ? Reason::connection_rate_exceeded : reason_of(answer.error().code),
                  answer.error().message, false,
                  request_->user ? "user " + log::shown(*request_->user) : std::string());
  }
  protocol_.set_identity(std::move(answer).value());
  if (request_->will && !may_publish(identity(), request_->will->topic)) {
    const std::string& topic = request_->will->topic;
    publishes_refused.add(1);
    return refuse(Reason::not_authorized, "a will that the client may not publish", true,
                  fmt::format("to {}: {}", log::shown(topic), why_not_publish(identity(), topic)));
  }
  if (client_id().size() > Session::kClientIdBytesFree &&
      thread_.hub().queues.subscription_bytes > Session::kSubscriptionBytesTotalMax) {
    return refuse(Reason::quota_exceeded, "sessions hold as much as they may");
  }
  if (request_->will && !has_room_for(*request_->will)) {
    return refuse(Reason::quota_exceeded, "as much waits for clients as may");
  }
  if (request_->session_expiry_s != 0 && thread_.journal().is_full()) {
    return refuse(Reason::server_unavailable, "the journal cannot be written now");
  }
  // One that may not subscribe is not given what an earlier session subscribed to either.
  bool clean_start = request_->clean_start || !identity().may_subscribe;
  thread_.resolve({thread_.index(), number_, client_id(), identity().user, clean_start});
}

// A will may wait as long as a message in a queue, and counts as one; common ones always fit.
bool Connection::has_room_for(const Message& will) const {
  constexpr size_t kFreeBytes = 1024;
  const QueueBudget& budget = thread_.hub().queues;
  size_t bytes = text_bytes(will);
  return bytes <= kFreeBytes || budget.bytes_used + bytes <= budget.bytes_max;
}

void Connection::begin(Session& session, bool session_present) {
  // Refused or closed while its claim was under way, and not retired yet.
  if (closed_) return thread_.connection_ended(session, true);
  thread_.forget_will(session);  // resumed in time: the old will is not sent [MQTT-3.1.3-9]
  session_ = &session;
  std::unique_ptr<ConnectRequest> request = std::move(request_);
  note_unadmitted();
  session.expiry_s = request->session_expiry_s;
  thread_.note_connected(session, identity().user);
  std::string connack = protocol_.accept({client_id(), identity(), assigned_, session_present});
  if (connack.empty()) return finish({}, false, false);
  clients_connected.add(1);
  clients_of(policy_->name, static_cast<int>(request->version)).add(1);
  thread_.hub().client_connected();
  describe(*request);
  if (request->will) {
    request->will->client_id = client_id();
    request->will->user = identity().user;
    thread_.journal().will(session.journal_key(), *request->will, request->will_delay_s);
    session.set_will({std::move(request->will), request->will_delay_s, identity().standing});
  }
  write(connack);
  thread_.restrict(session, identity().topics);
  session.attach({.wire = this,
                  .version = request->version,
                  .receive_maximum = request->receive_maximum,
                  .packet_bytes_max = request->packet_bytes_max,
                  .topic_alias_maximum = request->topic_alias_maximum,
                  .topics = identity().topics.get()},
                 thread_.now());
  for (const SharedGroupPtr& group : session.groups()) thread_.member_connected(*group);
  feed_session();
  arm_timer();
  read_on();
  log::debug("mqtt", "{} connected", shown());
  goes_on_ = true;
  if (!is_in_read())
    go_on_after_connect();  // else the read that brought CONNECT does it at its end
}

void Connection::go_on_after_connect() {
  if (!goes_on_ || closed_) return;
  goes_on_ = false;
  consume({});
}

void Connection::describe(const ConnectRequest& request) {
  Receiver& receiver = session_->receiver();
  receiver.subscriptions = static_cast<uint32_t>(session_->subscriptions.size());
  // What came before there was a session to count it for: CONNECT, and what came behind it.
  add_to(receiver.bytes_in, request.packet_bytes + protocol_.buffered_bytes());
  auto details = receiver.details.lock();
  details->connected = true;
  details->clean_start = request.clean_start;
  details->protocol_version = static_cast<uint8_t>(request.version);
  details->keep_alive_s = request.keep_alive_s;
  details->session_expiry_s = request.session_expiry_s;
  details->user = identity().user;
  details->peer = stream_->peer().text();
  details->policy = policy_;
  details->connected_at_ns = thread_.now().wall_ns;
  details->ended_because.clear();
}

// Until its CONNECT is read a client has no name.
std::string Connection::shown() const {
  const std::string name = client_id().empty() ? "a client" : "client " + log::shown(client_id());
  return fmt::format("{} from {} at {}", name, stream_->peer().text(), policy_->name);
}

void Connection::refuse(Reason reason, std::string_view why, bool tells_client,
                        std::string_view cause) {
  if (closed_) return;
  count_refusal(reason);
  if (!is_told_of() && refusals.admits()) {
    log::info("mqtt", "{} refused, {}: {}{}{}", shown(), to_string(reason),
              log::shown(why, kWhyBytesShown), cause.empty() ? "" : ", ",
              log::shown(cause, kWhyBytesShown));
  }
  request_.reset();
  finish(protocol_.refuse(reason, tells_client ? why : ""), false, true);
}

void Connection::close(Reason reason, std::string_view why) {
  if (closed_) return;
  log::debug("mqtt", "{} disconnected, {}: {}", shown(), to_string(reason), why);
  note_end(why);
  finish(protocol_.farewell(reason, why), true, true);
}

void Connection::handle(PublishAction& action, Now at) {
  if (closed_) return;
  add_to(session_->receiver().messages_in, 1);
  packet_tally.messages_received++;
  if (action.message) packet_tally.payload_received += action.message->payload.size();
  if (rate_) rate_->messages++;
  if (action.qos > 0 && !answer_later(action)) return;
  if (!action.message) {
    publishes_refused.add(1);
    add_to(session_->receiver().refused, 1);
    return log_refused_publish(*action.refused_topic);
  }
  if (action.qos < 2) {  // QoS 2 is routed when it is stored (BrokerThread::settle)
    BrokerThread::Routed routed = thread_.route(action.message, &session_->receiver(), at);
    reading_->ticket = std::max(reading_->ticket, routed.ticket);
    if (!routed.is_wanted && action.qos == 1) {
      reading_->batch->answers.back().reason = Reason::no_matching_subscribers;
    }
  }
  reading_->messages.push_back(std::move(action.message));
}

// 3.1.1 cannot tell its client. The first of a connection stands for those that will follow.
void Connection::log_refused_publish(const std::string& topic) {
  if (refusal_is_logged_ || !forbidden.admits()) return;
  refusal_is_logged_ = true;
  const std::string cause = is_servers_topic(topic) ? "topics below $SYS are the server's own"
                                                    : why_not_publish(identity(), topic);
  log::info("mqtt", "{}: a publish to {} was refused: {}", shown(), log::shown(topic),
            log::shown(cause, kWhyBytesShown));
}

void Connection::handle(AnswerAction& action) {
  if (closed_) return;
  if (action.type == PacketType::pubrel) {
    if (session_->journal_key() != 0 && thread_.journal().is_failed()) return;  // asked for again
    bool known = session_->release(action.packet_id);
    std::string reply;
    encode_ack(PacketType::pubcomp, action.packet_id,
               known ? Reason::success : Reason::packet_identifier_not_found, protocol_.version(),
               reply);
    protocol_.exchanges_ended(1);
    tell_in_flight();
    return write(reply);
  }
  session_->on_answer(action.type, action.packet_id, action.reason);
  feed_session();
}

void Connection::handle(EndAction& action) {
  if (closed_) return;
  if (!action.by_client) {
    protocol_faults.add(1);
    if (!is_told_of() && faults.admits()) {
      log::info("mqtt", "{} closed, {}: {}", shown(), to_string(action.reason), action.why);
    }
  }
  if (session_ != nullptr && action.session_expiry_s) {
    session_->expiry_s = *action.session_expiry_s;
  }
  hand_to_sinks();  // what came before it in the same read is valid
  note_end(action.why);
  finish(action.farewell, action.with_will, true);
}

// Sends more of what waits for this client, and comes back while there is more.
void Connection::feed_session() {
  if (closed_ || session_ == nullptr || feeding_) return;
  if (!session_->pump(thread_.now())) return;
  feeding_ = true;
  thread_.after_ms(kReplayPauseMs, [number = number_](BrokerThread& here) {
    Connection* connection = here.find_connection(number);
    if (connection == nullptr) return;
    connection->feeding_ = false;
    connection->feed_session();
    here.flush_later();
  });
}

// The time is not moved with every packet: on_time() asks again when it comes too early.
// Nor is it looked forward to for long: a time that was asked for stays listed, whether or not the
// connection lives to see it.
void Connection::arm_timer() {
  const int64_t deadline_ms = protocol_.deadline_ms();
  if (deadline_ms != INT64_MAX) look_at(std::min(deadline_ms, thread_.now().ms + kLookMsMax));
}

void Connection::look_at(int64_t at_ms) {
  if (at_ms >= looked_at_ms_) return;
  looked_at_ms_ = at_ms;
  thread_.look_at(number_, at_ms);
}

void Connection::on_time() {
  int64_t now_ms = thread_.now().ms;
  if (closed_ || now_ms < looked_at_ms_) return;  // an earlier time was asked for since
  looked_at_ms_ = INT64_MAX;
  // While reading is paused the client cannot be heard: its time does not run.
  if (paused_ || throttled_) return look_at(now_ms + kRestingMs);
  if (std::optional<EndAction> end = protocol_.on_time(thread_.now())) return handle(*end);
  arm_timer();
}

void Connection::on_end(Result<void> how) {
  if (closed_) return;
  if (session_ != nullptr) {
    log::debug("mqtt", "{} is gone: {}", shown(),
               how.ok() ? "closed without DISCONNECT" : how.error().message);
    note_end(how.ok() ? std::string_view("the connection was closed without DISCONNECT")
                      : std::string_view(how.error().message));
  } else if (!how.ok() && !is_told_of() && failures.admits()) {
    log::info("mqtt", "connection from {} to {} failed: {}", stream_->peer().text(), policy_->name,
              how.error().message);
  }
  finish({}, true, false);
  thread_.flush();
}

void Connection::on_drained() {
  if (std::exchange(stuffed_, false) && !closed_) read_on();
  feed_session();
  thread_.flush_later();
}

// For the list of clients, should the session be kept.
void Connection::note_end(std::string_view why) {
  if (session_ != nullptr) session_->receiver().details.lock()->ended_because = why;
}

void Connection::finish(std::string_view farewell, bool with_will, bool gracefully) {
  if (closed_) return;
  if (!farewell.empty()) write(farewell);
  closed_ = true;
  request_.reset();
  session_ != nullptr ? note_partial() : note_unadmitted();
  if (gracefully) {
    stream_->close_gracefully();
  } else {
    stream_->close();
  }
  if (Session* session = std::exchange(session_, nullptr)) {
    session->receiver().in_flight_in = 0;
    if (session->is_attached()) {
      clients_connected.add(-1);
      clients_of(policy_->name, static_cast<int>(protocol_.version())).add(-1);
      thread_.hub().clients_connected--;
    }
    thread_.connection_ended(*session, with_will);
  }
  thread_.retire(number_);
}

// What goes out is whole packets, one or several.
void Connection::count_out(std::string_view packets) {
  packet_tally.count_sent(packets);
  if (session_ != nullptr) add_to(session_->receiver().bytes_out, packets.size());
  if (is_traced()) trace_out(packets);
}

void Connection::write(std::string_view bytes) {
  if (closed_ || bytes.empty()) return;
  count_out(bytes);
  if (held_.empty()) return stream_->write(bytes);
  held_.back().bytes += bytes;
  held_bytes_ += bytes.size();
}
void Connection::write_shared(std::shared_ptr<const std::string> bytes) {
  if (!held_.empty()) return write(*bytes);
  if (closed_) return;
  count_out(*bytes);
  stream_->write_shared(std::move(bytes));
}
size_t Connection::unsent_bytes() const {
  return closed_ ? 0 : stream_->unsent_bytes() + held_bytes_;
}

void Connection::hold_until(uint64_t ticket) {
  JournalBatch& journal = thread_.journal();
  if (closed_ || journal.is_durable(ticket)) return;
  if (!held_.empty() && held_.back().ticket >= ticket) return;
  held_.push_back({ticket, {}});
  journal.when_durable(ticket, [&thread = thread_, number = number_](bool is_durable) {
    Connection* connection = thread.find_connection(number);
    if (connection != nullptr) connection->release_held(is_durable);
  });
}

void Connection::release_held(bool is_durable) {
  if (closed_) return;
  if (!is_durable) {
    return close(Reason::unspecified_error, "the journal could not be written");
  }
  size_t released = 0;
  while (released < held_.size() && thread_.journal().is_durable(held_[released].ticket)) {
    const std::string& bytes = held_[released].bytes;
    if (!bytes.empty()) stream_->write(bytes);
    held_bytes_ -= bytes.size();
    released++;
  }
  held_.erase(held_.begin(), held_.begin() + static_cast<ptrdiff_t>(released));
  if (released != 0) feed_session();
}

}  // namespace weir::mqtt
