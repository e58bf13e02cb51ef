// BrokerThread: $SYS/broker/#, the broker's figures as messages, named as Mosquitto names them.
#include <fmt/core.h>

#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/drops.h"
#include "mqtt/metrics.h"

namespace weir::mqtt {
namespace {
constexpr int64_t kIntervalMs = 10'000;  // Mosquitto's sys_interval
constexpr std::string_view kVersion = "weir version 0.1.0";
}  // namespace

void BrokerThread::start_system_topics() {
  if (hub_.stopping) return;
  publish_system_topics();
  system_timer_ = after_ms(kIntervalMs, [](BrokerThread& here) { here.start_system_topics(); });
}

// Retained and delivered like any message, but not given to the sinks: nobody wants the broker's
// figures mapped among their own.
void BrokerThread::publish_system_topics() {
  Now at = now();
  hub_.retained.remove_expired(at.wall_ns);
  journal_.touch();  // they are gone from it too
  auto tell = [&](std::string_view name, std::string payload) {
    auto message = std::make_shared<Message>();
    message->topic = fmt::format("$SYS/broker/{}", name);
    message->payload = std::move(payload);
    message->retain = true;
    message->client_id = "$weir";
    message->received_ns = at.wall_ns;
    route(message, nullptr);
  };
  size_t sessions = hub_.receivers.lock()->size();
  size_t connected = hub_.clients({.limit = 0}).connected;
  tell("version", std::string(kVersion));
  tell("uptime", fmt::format("{} seconds", (at.ms - hub_.started_ms) / 1000));
  tell("clients/connected", fmt::format("{}", connected));
  tell("clients/disconnected", fmt::format("{}", sessions - std::min(sessions, connected)));
  tell("clients/total", fmt::format("{}", sessions));
  tell("messages/received", fmt::format("{}", messages_received.value()));
  tell("messages/sent", fmt::format("{}", messages_sent.value()));
  tell("publish/messages/received", fmt::format("{}", messages_received.value()));
  tell("publish/messages/sent", fmt::format("{}", messages_sent.value()));
  tell("publish/messages/dropped", fmt::format("{}", total_dropped()));
  tell("bytes/received", fmt::format("{}", bytes_received.value()));
  tell("subscriptions/count", fmt::format("{}", hub_.tree.size()));
  tell("retained messages/count", fmt::format("{}", hub_.retained.size()));
  flush();
}

}  // namespace weir::mqtt
