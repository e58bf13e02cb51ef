#include "mqtt/client.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/run_and_wait.h"

namespace weir::mqtt {

struct Client::Metrics {
  explicit Metrics(const std::string& label)
      : connected("weir_mqtt_client_connected",
                  "Whether the connection to another broker stands (1) or not (0)", label),
        connects("weir_mqtt_client_connects_total", "Connections another broker has accepted",
                 label),
        failures("weir_mqtt_client_failures_total",
                 "Connections to another broker that failed or were lost", label),
        received("weir_mqtt_client_messages_received_total",
                 "Messages received from another broker", label),
        sent("weir_mqtt_client_messages_sent_total", "Messages published to another broker", label),
        unusable("weir_mqtt_client_messages_unusable_total",
                 "Messages of another broker that weir does not take", label) {}
  metrics::Gauge connected;
  metrics::Counter connects, failures, received, sent, unusable;
};

std::shared_ptr<Client> Client::make(net::IoThread& thread, const Clock& clock,
                                     ClientSettings settings, ClientOwner& owner) {
  return std::make_shared<Client>(thread, clock, std::move(settings), owner);
}

Client::Client(net::IoThread& thread, const Clock& clock, ClientSettings settings,
               ClientOwner& owner)
    : thread_(thread),
      clock_(clock),
      settings_(std::move(settings)),
      owner_(owner),
      session_(settings_.options),
      metrics_(std::make_unique<Metrics>(fmt::format("name=\"{}\"", settings_.name))) {
  const ClientOptions& options = settings_.options;
  offers_.push_back({options.version, options.is_bridge});
  if (settings_.try_older) {
    bool was_v5 = options.version == Version::v5;
    if (was_v5 && options.is_bridge) offers_.push_back({Version::v311, true});
    if (was_v5 || options.is_bridge) offers_.push_back({Version::v311, false});
  }
  auto status = status_.lock();
  status->name = settings_.name;
  status->url = settings_.url;
  status->client_id = options.client_id;
  status->since_ns = clock_.wall_ns();
}

Client::~Client() = default;

void Client::start() {
  thread_.post([self = shared_from_this()] { self->dial(); });
}

void Client::stop() {
  net::run_and_wait(thread_, [self = shared_from_this()] { self->close(); });
}

void Client::close() {
  if (std::exchange(closed_, true)) return;
  out_.events.clear();
  session_.disconnect(false, out_);
  if (stream_) {
    stream_->write(std::exchange(out_.bytes, {}));
    stream_->close_gracefully();
    stream_.reset();
  }
  if (timer_ != 0) thread_.cancel(std::exchange(timer_, 0));
  if (retry_timer_ != 0) thread_.cancel(std::exchange(retry_timer_, 0));
  metrics_->connected.set(0);
  status_.lock()->connected = false;
}

ClientStatus Client::status() const { return *status_.lock(); }

void Client::dial() {
  if (closed_ || stream_) return;
  settings_.dial(thread_, [weak = weak_from_this(),
                           attempt = ++attempt_](Result<std::unique_ptr<net::Stream>> stream) {
    auto self = weak.lock();
    if (self && !self->closed_ && self->attempt_ == attempt) self->dialed(std::move(stream));
  });
}

void Client::dialed(Result<std::unique_ptr<net::Stream>> stream) {
  if (!stream.ok()) return lost(stream.error().message, false);
  stream_ = std::move(stream).value();
  was_accepted_ = false;
  paused_ = false;
  session_.set_version(offers_[offer_].version, offers_[offer_].is_bridge);
  session_.connect(now(), out_);
  stream_->start(*this);
  flush();
}

void Client::on_bytes(std::string_view bytes) {
  auto self = shared_from_this();
  session_.consume(bytes, now(), out_);
  flush();
}

void Client::on_end(Result<void> how) {
  auto self = shared_from_this();
  if (closed_ || !stream_) return;
  stream_.reset();
  // Some brokers close on a protocol level they do not know, without the CONNACK that is due; with
  // bytes of it unread that is a reset.
  const bool has_left = how.ok() || how.error().code == Errc::unavailable;
  if (!was_accepted_ && has_left) {
    constexpr std::string_view kWhy =
        "the broker closed the connection without an answer; does its port want TLS (mqtts://), or "
        "none?";
    note_error(kWhy);
    return lost(kWhy, next_offer());
  }
  lost(how.ok() ? "the broker closed the connection" : how.error().message, false);
}

void Client::on_drained() {
  auto self = shared_from_this();
  if (!closed_) owner_.on_drained();
}

// Writes what the session says and tells the owner what happened. The owner may call back: what
// that causes is carried out here too, in turn.
void Client::flush() {
  if (in_flush_) return;
  in_flush_ = true;
  while (!closed_ && (!out_.bytes.empty() || !out_.events.empty())) {
    ClientOutput out = std::exchange(out_, {});
    if (stream_ && !out.bytes.empty()) stream_->write(out.bytes);
    for (ClientEvent& event : out.events) {
      if (closed_) break;
      dispatch(event);
    }
    if (!closed_ && !received_.empty()) {
      metrics_->received.add(received_.size());
      owner_.on_messages(std::exchange(received_, {}));
    }
  }
  in_flush_ = false;
  if (closed_) return;
  arm_timer();
  auto status = status_.lock();
  status->unacknowledged = session_.unacknowledged();
  status->waiting = session_.publishes_waiting();
  status->messages_in = metrics_->received.value();
  status->messages_out = metrics_->sent.value();
}

void Client::dispatch(ClientEvent& event) {
  if (auto* received = std::get_if<ReceivedEvent>(&event)) {
    received_.push_back(std::move(*received));
  } else if (auto* published = std::get_if<PublishedEvent>(&event)) {
    if (published->reason < Reason::unspecified_error) metrics_->sent.add(1);
    owner_.on_published(published->ticket, published->reason);
  } else if (auto* unusable = std::get_if<UnusableEvent>(&event)) {
    metrics_->unusable.add(1);
    if (!std::exchange(unusable_is_logged_, true)) {
      log::warn("mqtt", "{}: a message on {} is left out: {}", settings_.name, unusable->topic,
                unusable->why);
    }
  } else if (auto* connected = std::get_if<ConnectedEvent>(&event)) {
    if (stream_) accepted(*connected);
  } else if (auto* subscribed = std::get_if<SubscribedEvent>(&event)) {
    for (const auto& [filter, reason] : subscribed->refused) {
      std::string why = explain_subscription(filter, reason);
      log::error("mqtt", "{}: {}", settings_.name, why);
      note_error(why);
    }
    status_.lock()->subscribed = subscribed->refused.empty();
    owner_.on_subscribed(session_.held_filters());
  } else if (auto* end = std::get_if<EndedEvent>(&event)) {
    ended(*end);
  }
}

void Client::accepted(const ConnectedEvent& event) {
  was_accepted_ = true;
  connected_ms_ = clock_.steady_ms();
  metrics_->connected.set(1);
  metrics_->connects.add(1);
  const ClientOptions& options = session_.options();
  bool v5 = options.version == Version::v5;
  log::info("mqtt", "{}: connected to {} as {}, MQTT {}{}", settings_.name, settings_.url,
            options.client_id, v5 ? "5" : "3.1.1",
            event.session_present ? ", session resumed" : "");
  {
    auto status = status_.lock();
    status->connected = true;
    status->client_id = options.client_id;
    status->protocol_version = static_cast<int>(options.version);
    status->since_ns = clock_.wall_ns();
    status->connects++;
  }
  owner_.on_connected(event.session_present);
}

void Client::note_error(std::string_view why) {
  auto status = status_.lock();
  status->last_error = why;
  status->last_error_ns = clock_.wall_ns();
}

void Client::ended(const EndedEvent& event) {
  if (!stream_) return;  // given up already, by the owner
  stream_->close_gracefully();
  stream_.reset();
  bool again_at_once = false;
  if (event.wrong_version && offer_ + 1 < offers_.size()) {
    log::info("mqtt", "{}: {}; trying an older version", settings_.name, event.why);
    offer_++;
    again_at_once = true;
  }
  lost(event.why, again_at_once);
}

// Whether another one is to be tried at once. After the last offer the first is made again, in its
// time: the broker may have been replaced.
bool Client::next_offer() {
  offer_ = (offer_ + 1) % offers_.size();
  offer_is_guess_ = true;
  return offer_ != 0;
}

void Client::lost(std::string_view why, bool at_once) {
  bool was_connected = std::exchange(was_accepted_, false);
  session_.connection_lost();
  out_.bytes.clear();
  metrics_->connected.set(0);
  {
    auto status = status_.lock();
    if (status->connected) status->since_ns = clock_.wall_ns();
    status->connected = status->subscribed = false;
  }
  if (!at_once) note_error(why);
  if (was_connected && clock_.steady_ms() - connected_ms_ >= kGoodMs) failures_ = 0;
  if (was_connected && std::exchange(offer_is_guess_, false)) offer_ = 0;
  if (was_connected) owner_.on_disconnected();
  if (at_once) {
    thread_.post([self = shared_from_this()] { self->dial(); });
  } else {
    retry_later(why, was_connected);
  }
}

void Client::retry_later(std::string_view why, bool was_connected) {
  metrics_->failures.add(1);
  int64_t longest_ms =
      std::min(settings_.retry_ms_max, settings_.retry_ms_min << std::min(failures_, 20));
  auto spread = static_cast<uint64_t>(longest_ms / 2 + 1);
  int64_t pause_ms = longest_ms / 2 + static_cast<int64_t>(make_random_id() % spread);
  // The first failures, and then ever rarer ones: a broker that is away for a night fills no log.
  if (was_connected || (failures_ & (failures_ - 1)) == 0) {
    log::warn("mqtt", "{}: {}: {}; trying again in {} ms", settings_.name, settings_.url, why,
              pause_ms);
  }
  failures_++;
  if (retry_timer_ != 0) thread_.cancel(retry_timer_);
  retry_timer_ = thread_.after_ms(pause_ms, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self) return;
    self->retry_timer_ = 0;
    self->dial();
  });
}

// What calls of the owner cause leaves together, at the end of the batch.
void Client::flush_soon() {
  if (in_flush_ || std::exchange(flush_is_due_, true)) return;
  thread_.at_end_of_batch([weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self) return;
    self->flush_is_due_ = false;
    self->flush();
  });
}

uint64_t Client::publish(MessagePtr message, uint8_t qos, bool retain) {
  uint64_t ticket = session_.publish(std::move(message), qos, retain, now(), out_);
  flush_soon();
  return ticket;
}

bool Client::publish_unacknowledged(const Message& message, bool retain) {
  bool sent = session_.publish_unacknowledged(message, retain, now(), out_);
  if (sent) metrics_->sent.add(1);
  flush_soon();
  return sent;
}

void Client::acknowledge(std::span<const uint64_t> tickets, Reason reason) {
  for (uint64_t ticket : tickets) session_.acknowledge(ticket, reason, out_);
  flush_soon();
}

bool Client::give_back(std::span<const uint64_t> tickets) {
  bool has_copies = false;
  for (uint64_t ticket : tickets) has_copies |= session_.abandon(ticket);
  return has_copies;
}

void Client::reconnect(const Error& why) {
  if (closed_ || !stream_) return;
  auto self = shared_from_this();
  stream_->close();
  stream_.reset();
  lost(why.message, false);
}

void Client::pause_reading() {
  if (!stream_ || std::exchange(paused_, true)) return;
  stream_->pause_reading();
}

void Client::resume_reading() {
  if (!std::exchange(paused_, false) || !stream_) return;
  stream_->resume_reading();
}

// Not moved with every packet: it looks again when it goes off too early.
void Client::arm_timer() {
  int64_t due_ms = session_.deadline_ms();
  if (due_ms == INT64_MAX || (timer_ != 0 && timer_due_ms_ <= due_ms)) return;
  if (timer_ != 0) thread_.cancel(timer_);
  timer_due_ms_ = due_ms;
  timer_ = thread_.after_ms(std::max<int64_t>(0, due_ms - clock_.steady_ms()),
                            [weak = weak_from_this()] {
                              if (auto self = weak.lock()) self->on_timer();
                            });
}

void Client::on_timer() {
  timer_ = 0;
  if (closed_) return;
  // While reading rests the broker cannot be heard.
  if (paused_) session_.excuse_silence(now());
  session_.on_time(now(), out_);
  flush();
}

}  // namespace weir::mqtt
