// BrokerThread: gathering the broker's figures and publishing those that changed.
#include <sys/resource.h>

#include <algorithm>

#include "base/process_memory.h"
#include "mqtt/broker_thread.h"
#include "mqtt/connection.h"
#include "mqtt/drops.h"
#include "mqtt/metrics.h"
#include "mqtt/system_topics.h"

namespace weir::mqtt {
namespace {

// Retained messages that expired are looked for this often, with or without $SYS.
constexpr int64_t kHousekeepingMs = 10'000;

uint64_t resident_bytes_max() {
  rusage usage = {};
  return getrusage(RUSAGE_SELF, &usage) == 0 ? static_cast<uint64_t>(usage.ru_maxrss) * 1024 : 0;
}

SystemFigures figures_of(const Hub& hub, Now at) {
  SystemFigures figures;
  figures.version = "weir version " + hub.options.version;
  figures.uptime_s = (at.ms - hub.started_ms) / 1000;
  figures.clients_connected = hub.clients_connected;
  figures.clients_maximum = hub.clients_connected_most;
  figures.clients_total = hub.receivers.lock()->size();
  figures.clients_expired = hub.sessions_expired;
  const PacketTotals packets = packet_totals();
  figures.packets_received = packets.received;
  figures.packets_sent = packets.sent;
  figures.publishes_received = packets.publishes_received;
  figures.publishes_sent = packets.publishes_sent;
  figures.publishes_dropped = total_dropped();
  figures.payload_received = payload_bytes_received.value();
  figures.payload_sent = payload_bytes_sent.value();
  figures.bytes_received = bytes_received.value();
  figures.bytes_sent = bytes_sent.value();
  figures.sockets = connections_accepted.value();
  figures.connects = packets.connects;
  figures.retained_messages = hub.retained.size();
  figures.stored_messages = figures.retained_messages + hub.totals.queued_messages;
  figures.stored_bytes = hub.retained.bytes() + hub.totals.queued_bytes;
  figures.subscriptions = hub.tree.size();
  figures.shared_subscriptions = hub.tree.shared_size();
  figures.memory_bytes = resident_bytes();
  figures.memory_bytes_max = std::max(figures.memory_bytes, resident_bytes_max());
  return figures;
}

}  // namespace

void BrokerThread::start_system_topics() {
  if (hub_.stopping) return;
  hub_.retained.remove_expired(now().wall_ns);
  journal_.touch();  // they are gone from it too
  const int64_t interval_ms = hub_.options.system_topics_ms;
  if (interval_ms > 0) publish_system_topics();
  system_timer_ = after_ms(interval_ms > 0 ? interval_ms : kHousekeepingMs,
                           [](BrokerThread& here) { here.start_system_topics(); });
}

// Retained and delivered like any message, but not given to the sinks: nobody wants the broker's
// figures mapped among their own.
void BrokerThread::publish_system_topics() {
  if (!system_topics_) system_topics_ = std::make_unique<SystemTopics>();
  const Now at = now();
  settle_packet_tally();
  for (auto& [topic, payload] : system_topics_->changes(figures_of(hub_, at), at.ms)) {
    auto message = std::make_shared<Message>();
    message->topic = std::move(topic);
    message->payload = std::move(payload);
    message->retain = true;
    message->client_id = "$weir";
    message->received_ns = at.wall_ns;
    route(message, nullptr, now());
  }
  flush();
}

}  // namespace weir::mqtt
