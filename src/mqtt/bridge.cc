#include "mqtt/bridge.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "net/run_and_wait.h"

namespace weir::mqtt {
namespace {

std::string_view path_of(const Message& message) {
  if (!message.properties) return {};
  for (const auto& [key, value] : message.properties->user_properties) {
    if (key == Bridge::kPathProperty) return value;
  }
  return {};
}

bool has_passed(std::string_view path, std::string_view id) {
  while (!path.empty()) {
    const size_t end = std::min(path.find(','), path.size());
    if (path.substr(0, end) == id) return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

bool is_last(std::string_view path, std::string_view id) {
  const size_t comma = path.rfind(',');
  return (comma == path.npos ? path : path.substr(comma + 1)) == id;
}

// Refusals that another attempt may get past; the others stay.
bool may_pass(Reason reason) {
  return reason == Reason::unspecified_error || reason == Reason::implementation_specific_error ||
         reason == Reason::quota_exceeded;
}

size_t hash_of(const Message& message) {
  return std::hash<std::string>()(message.topic) * 31 + std::hash<std::string>()(message.payload);
}

}  // namespace

struct Bridge::Metrics {
  explicit Metrics(const std::string& name)
      : away("weir_mqtt_bridge_dropped_total", "Messages that a bridge did not copy",
             fmt::format(R"(name="{}",reason="other side away or slow, QoS 0")", name)),
        refused("weir_mqtt_bridge_dropped_total", "Messages that a bridge did not copy",
                fmt::format(R"(name="{}",reason="refused")", name)),
        loops("weir_mqtt_bridge_dropped_total", "Messages that a bridge did not copy",
              fmt::format(R"(name="{}",reason="came back")", name)) {}
  metrics::Counter away, refused, loops;
};

// One end of the bridge: the client there, and the copies it is publishing.
class Bridge::Side final : public ClientOwner {
 public:
  Side(Bridge& of, bool towards_other) : bridge(of), is_remote(towards_other) {}

  void on_connected(bool session_present) override {
    resting = false;  // a new stream is read
    if (is_remote) bridge.remote_connected(session_present);
  }
  void on_subscribed(const std::set<std::string>& held) override {
    if (is_remote && bridge.settings_.remember) bridge.settings_.remember(held);
  }
  void on_disconnected() override {
    if (is_remote) bridge.remote_disconnected();
  }
  void on_messages(std::vector<ReceivedEvent> messages) override {
    bridge.on_messages(*this, std::move(messages));
  }
  void on_published(uint64_t ticket, Reason reason) override {
    bridge.on_published(*this, ticket, reason);
  }

  Bridge& bridge;
  const bool is_remote;
  std::shared_ptr<Client> client;
  std::unordered_map<uint64_t, Copy> copies;  // being published here, by ticket
  bool refusal_is_logged = false;
  bool resting = false;  // reading rests until the other side has taken more
};

std::shared_ptr<Bridge> Bridge::make(net::IoThread& thread, const Clock& clock,
                                     BridgeSettings settings) {
  return std::make_shared<Bridge>(thread, clock, std::move(settings));
}

Bridge::Bridge(net::IoThread& thread, const Clock& clock, BridgeSettings settings)
    : thread_(thread),
      clock_(clock),
      settings_(std::move(settings)),
      local_(std::make_unique<Side>(*this, false)),
      remote_(std::make_unique<Side>(*this, true)),
      metrics_(std::make_unique<Metrics>(settings_.name)) {
  ClientSettings local = settings_.local;
  ClientSettings remote = settings_.remote;
  local.options.subscriptions = settings_.topics.local_subscriptions();
  remote.options.subscriptions = settings_.topics.remote_subscriptions();
  remote.options.is_bridge = true;
  local.options.is_bridge = true;
  // Copies are bounded by what each side leaves unacknowledged: the outboxes take them all.
  local.options.outbox = remote.options.outbox = {SIZE_MAX, SIZE_MAX};
  if (!settings_.remote_status_topic.empty()) {
    remote.options.will = OwnWill{settings_.remote_status_topic, "0", 1, true};
  }
  local_->client = Client::make(thread, clock, std::move(local), *local_);
  remote_->client = Client::make(thread, clock, std::move(remote), *remote_);
}

Bridge::~Bridge() = default;

void Bridge::start() {
  settings_.tell_status(false);
  local_->client->start();
  remote_->client->start();
}

void Bridge::stop() {
  net::run_and_wait(thread_, [self = shared_from_this()] { self->close(); });
}

void Bridge::close() {
  if (std::exchange(closed_, true)) return;
  if (!settings_.remote_status_topic.empty() && remote_->client->is_connected()) {
    Message message;
    message.topic = settings_.remote_status_topic;
    message.payload = "0";
    remote_->client->publish_unacknowledged(message, true);
  }
  remote_->client->close();
  local_->client->close();
  settings_.tell_status(false);
}

ClientStatus Bridge::status() const {
  ClientStatus status = remote_->client->status();
  // What is on its way out waits at the own side's client until it is acknowledged; and passes only
  // when that one has its subscriptions.
  const ClientStatus local = local_->client->status();
  status.unacknowledged = local.unacknowledged;
  status.subscribed = status.subscribed && local.subscribed;
  return status;
}

Bridge::Side& Bridge::other(const Side& side) { return side.is_remote ? *local_ : *remote_; }

void Bridge::remote_connected(bool session_present) {
  settings_.tell_status(true);
  replay_until_ms_ = session_present ? 0 : clock_.steady_ms() + kReplayMs;
  if (settings_.remote_status_topic.empty()) return;
  auto message = std::make_shared<Message>();
  message->topic = settings_.remote_status_topic;
  message->payload = "1";
  remote_->client->publish_unacknowledged(*message, true);
}

void Bridge::remote_disconnected() { settings_.tell_status(false); }

void Bridge::on_messages(Side& from, std::vector<ReceivedEvent> messages) {
  Side& to = other(from);
  std::vector<uint64_t> done;  // that need no copy
  for (ReceivedEvent& one : messages) {
    std::optional<std::string> topic = target_of(from, *one.message);
    if (!topic || (from.is_remote && is_replay(*one.message, *topic))) {
      if (one.ticket) done.push_back(*one.ticket);
      continue;
    }
    const std::string_view path = path_of(*one.message);
    const bool came_back =
        has_passed(path, settings_.own_id) && (from.is_remote || !is_last(path, settings_.own_id));
    if (came_back || path.size() > kPathBytesMax || (from.is_remote && is_echo(*one.message))) {
      metrics_->loops.add(1);
      if (one.ticket) done.push_back(*one.ticket);
      continue;
    }
    MessagePtr copied = make_copy(*one.message, std::move(*topic));
    if (to.is_remote) remember_echo(*copied);
    copy(to, {std::move(copied), one.ticket});
  }
  if (!done.empty()) from.client->acknowledge(done);
  rest_if_needed();
}

std::optional<std::string> Bridge::target_of(const Side& from, const Message& message) const {
  return from.is_remote ? settings_.topics.to_local(message.topic)
                        : settings_.topics.to_remote(message.topic);
}

MessagePtr Bridge::make_copy(const Message& message, std::string topic) const {
  auto copied = std::make_shared<Message>();
  copied->topic = std::move(topic);
  copied->payload = message.payload;
  copied->qos = message.qos;
  copied->retain = message.retain;
  copied->received_ns = message.received_ns;
  auto properties = message.properties ? std::make_unique<PublishProperties>(*message.properties)
                                       : std::make_unique<PublishProperties>();
  const std::string path(path_of(message));
  if (!is_last(path, settings_.own_id) || path.empty()) {
    std::erase_if(properties->user_properties,
                  [](const auto& one) { return one.first == kPathProperty; });
    properties->user_properties.emplace_back(
        kPathProperty, path.empty() ? settings_.own_id : path + "," + settings_.own_id);
  }
  copied->properties = std::move(properties);
  return copied;
}

void Bridge::copy(Side& to, Copy copy) {
  const MessagePtr message = copy.message;
  if (!copy.origin) {
    const bool sent = to.client->unsent_bytes() <= kUnsentBytesMax &&
                      to.client->publish_unacknowledged(*message, message->retain);
    if (!sent) metrics_->away.add(1);
    return;
  }
  const uint8_t qos = std::max<uint8_t>(1, message->qos);
  const uint64_t ticket = to.client->publish(message, qos, message->retain);
  to.copies.emplace(ticket, std::move(copy));
}

void Bridge::on_published(Side& at, uint64_t ticket, Reason reason) {
  auto found = at.copies.find(ticket);
  if (found == at.copies.end()) return;
  Copy finished = std::move(found->second);
  at.copies.erase(found);
  if (may_pass(reason)) {
    log::warn("mqtt", "bridge {}: a message on {} was refused: {}; it is tried again",
              settings_.name, finished.message->topic, to_string(reason));
    thread_.after_ms(kRetryMs, [weak = weak_from_this(), &at, finished]() mutable {
      auto self = weak.lock();
      if (self && !self->closed_) self->copy(at, std::move(finished));
    });
    return;
  }
  if (reason >= Reason::unspecified_error) {
    metrics_->refused.add(1);
    if (!std::exchange(at.refusal_is_logged, true)) {
      log::error("mqtt", "bridge {}: a message on {} was refused and is left out: {}",
                 settings_.name, finished.message->topic, to_string(reason));
    }
  }
  other(at).client->acknowledge({&*finished.origin, 1});
  rest_if_needed();
}

// Retained copies come anew with each new session, of a plain 3.1.1 broker with each connection: it
// sets the flag on nothing else. One that is retained here already says nothing new, and would be
// stored as a value of now.
bool Bridge::is_replay(const Message& message, std::string_view local_topic) const {
  if (!message.retain) return false;
  if (!message.replayed && clock_.steady_ms() >= replay_until_ms_) return false;
  const MessagePtr known = settings_.retained(local_topic);
  return known != nullptr && known->payload == message.payload;
}

// A plain 3.1.1 broker, unlike one that takes the bridge bit.
bool Bridge::gives_back() const {
  const ClientOptions& options = remote_->client->options();
  return options.version != Version::v5 && !options.is_bridge;
}

void Bridge::remember_echo(const Message& message) {
  if (!gives_back() || !settings_.topics.to_local(message.topic)) return;
  const int64_t now_ms = clock_.steady_ms();
  auto forget_first = [this] {
    auto at = echo_counts_.find(echoes_.front().hash);
    if (at != echo_counts_.end() && --at->second == 0) echo_counts_.erase(at);
    echoes_.pop_front();
  };
  while (!echoes_.empty() && (echoes_.front().until_ms <= now_ms || echoes_.size() >= kEchoesMax)) {
    forget_first();
  }
  const size_t hash = hash_of(message);
  echoes_.push_back({hash, now_ms + kEchoMsMax});
  echo_counts_[hash]++;
}

bool Bridge::is_echo(const Message& message) {
  if (!gives_back()) return false;
  const size_t hash = hash_of(message);
  auto counted = echo_counts_.find(hash);
  if (counted == echo_counts_.end()) return false;
  auto at = std::find_if(echoes_.begin(), echoes_.end(),
                         [hash](const Echo& echo) { return echo.hash == hash; });
  if (--counted->second == 0) echo_counts_.erase(counted);
  if (at != echoes_.end()) echoes_.erase(at);
  return true;
}

// What has been read from one side and not been taken by the other is held in memory.
void Bridge::rest_if_needed() {
  for (Side* to : {local_.get(), remote_.get()}) {
    Side& from = other(*to);
    if (!from.resting && to->copies.size() > kCopiesMax) {
      from.resting = true;
      from.client->pause_reading();
    } else if (from.resting && to->copies.size() <= kCopiesMax / 2) {
      from.resting = false;
      from.client->resume_reading();
    }
  }
}

}  // namespace weir::mqtt
