#include "mqtt/system_topics.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace weir::mqtt {
namespace {

constexpr std::array<double, 3> kMinutes = {1, 5, 15};
constexpr std::array<std::string_view, 3> kMinuteNames = {"1min", "5min", "15min"};

}  // namespace

void SystemTopics::tell(Told& told, std::string_view name, std::string value) {
  auto [held, is_new] = values_.try_emplace(name, value);
  if (!is_new && held->second == value) return;
  held->second = value;
  told.emplace_back(fmt::format("$SYS/broker/{}", name), std::move(value));
}

// An average over m minutes forgets by the factor e^(-1/m) a minute; what happened since the last
// call is taken as its rate a minute.
void SystemTopics::tell_load(Told& told, size_t which, std::string_view name, uint64_t count,
                             int64_t now_ms) {
  Load& load = loads_[which];
  const double minutes = static_cast<double>(now_ms - last_ms_) / 60'000;
  for (size_t i = 0; i < kMinutes.size(); i++) {
    if (last_ms_ >= 0 && minutes > 0) {
      const double per_minute = static_cast<double>(count - load.last) / minutes;
      const double kept = std::exp(-minutes / kMinutes[i]);
      load.averages[i] = per_minute + kept * (load.averages[i] - per_minute);
    }
    tell(told, fmt::format("load/{}/{}", name, kMinuteNames[i]),
         fmt::format("{:.2f}", load.averages[i]));
  }
  load.last = count;
}

void SystemTopics::tell_clients(Told& told, const SystemFigures& figures) {
  const uint64_t away =
      figures.clients_total - std::min(figures.clients_total, figures.clients_connected);
  tell(told, "clients/total", fmt::format("{}", figures.clients_total));
  tell(told, "clients/maximum", fmt::format("{}", figures.clients_maximum));
  tell(told, "clients/connected", fmt::format("{}", figures.clients_connected));
  tell(told, "clients/active", fmt::format("{}", figures.clients_connected));  // its old name
  tell(told, "clients/disconnected", fmt::format("{}", away));
  tell(told, "clients/inactive", fmt::format("{}", away));  // its old name
  tell(told, "clients/expired", fmt::format("{}", figures.clients_expired));
}

void SystemTopics::tell_counts(Told& told, const SystemFigures& figures) {
  auto count = [&](std::string_view name, uint64_t value) {
    tell(told, name, fmt::format("{}", value));
  };
  count("messages/received", figures.packets_received);
  count("messages/sent", figures.packets_sent);
  count("messages/stored", figures.stored_messages);  // the old name of store/messages/count
  count("store/messages/count", figures.stored_messages);
  count("store/messages/bytes", figures.stored_bytes);
  count("retained messages/count", figures.retained_messages);
  count("subscriptions/count", figures.subscriptions);
  count("shared_subscriptions/count", figures.shared_subscriptions);
  count("publish/messages/received", figures.publishes_received);
  count("publish/messages/sent", figures.publishes_sent);
  count("publish/messages/dropped", figures.publishes_dropped);
  count("publish/bytes/received", figures.payload_received);
  count("publish/bytes/sent", figures.payload_sent);
  count("bytes/received", figures.bytes_received);
  count("bytes/sent", figures.bytes_sent);
  // Mosquitto's manual has the longer names, the program the shorter ones.
  count("heap/current", figures.memory_bytes);
  count("heap/current size", figures.memory_bytes);
  count("heap/maximum", figures.memory_bytes_max);
  count("heap/maximum size", figures.memory_bytes_max);
}

SystemTopics::Told SystemTopics::changes(const SystemFigures& figures, int64_t now_ms) {
  Told told;
  tell(told, "version", figures.version);
  tell(told, "uptime", fmt::format("{} seconds", figures.uptime_s));
  tell_clients(told, figures);
  const std::array<std::pair<std::string_view, uint64_t>, 9> loads = {{
      {"connections", figures.connects},
      {"sockets", figures.sockets},
      {"messages/received", figures.packets_received},
      {"messages/sent", figures.packets_sent},
      {"publish/received", figures.publishes_received},
      {"publish/sent", figures.publishes_sent},
      {"publish/dropped", figures.publishes_dropped},
      {"bytes/received", figures.bytes_received},
      {"bytes/sent", figures.bytes_sent},
  }};
  for (size_t i = 0; i < loads.size(); i++) {
    tell_load(told, i, loads[i].first, loads[i].second, now_ms);
  }
  last_ms_ = now_ms;
  tell_counts(told, figures);
  return told;
}

}  // namespace weir::mqtt
