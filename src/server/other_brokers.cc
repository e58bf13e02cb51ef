#include "server/other_brokers.h"

#include <fmt/core.h>

#include <utility>

#include "base/log.h"
#include "server/broker_dial.h"

namespace weir::server {

Result<std::unique_ptr<OtherBrokers>> OtherBrokers::start(const Config& config,
                                                          const Parts& parts) {
  std::unique_ptr<OtherBrokers> others(new OtherBrokers(parts));
  if (config.external_broker) WEIR_CHECK(others->start_consumer(config));
  return others;
}

Result<void> OtherBrokers::start_consumer(const Config& config) {
  const ExternalBroker& external = *config.external_broker;
  std::shared_ptr<LinkState> state;
  auto settings = settings_of(external.link, config, state);
  if (!settings.ok()) return std::move(settings).error().with_context("[broker]");
  for (const std::string& topic : external.topics) {
    mqtt::SubscriptionOptions options;
    options.qos = external.qos;
    settings->options.subscriptions.push_back({topic, options});
  }
  consumer_ = mqtt::Consumer::make(parts_.threads.next(), parts_.clock, std::move(settings).value(),
                                   parts_.sinks, remember_in(std::move(state)));
  consumer_->start();
  return {};
}

Result<mqtt::ClientSettings> OtherBrokers::settings_of(const BrokerLink& link, const Config& config,
                                                       std::shared_ptr<LinkState>& state) {
  const std::string directory = config.data_dir + "/brokers";
  WEIR_CHECK(system_file_system().create_directories(directory));
  std::string name = link.name.substr(link.name.find(' ') + 1);
  state = std::make_shared<LinkState>(system_file_system(),
                                      fmt::format("{}/{}.json", directory, link.name));
  WEIR_CHECK(state->open(link, link.name == "broker" ? "" : name));
  mqtt::ClientSettings settings;
  settings.name = link.name;
  settings.url = link.url.shown();
  WEIR_TRY(settings.dial, make_broker_dial(link));
  settings.try_older = link.version == 0;
  mqtt::ClientOptions& options = settings.options;
  options.version = link.version == 4 ? mqtt::Version::v311 : mqtt::Version::v5;
  options.client_id = state->client_id();
  options.user = link.user;
  options.password = link.password;
  options.clean_start = link.clean;
  options.session_expiry_s = link.clean ? 0 : link.session_expiry_s;
  options.keep_alive_s = link.keep_alive_s;
  options.receive_maximum = link.receive_maximum;
  options.packet_bytes_max = config.broker.packet_bytes_max;
  if (!link.clean) options.held_filters = state->held();
  return settings;
}

mqtt::Consumer::Remember OtherBrokers::remember_in(std::shared_ptr<LinkState> state) {
  // Not on the io thread: it writes a file. Lost writes cost a second SUBSCRIBE, no more.
  return [state, &workers = parts_.workers](const std::set<std::string>& held) {
    const bool taken = workers.try_submit([state, held] {
      if (auto done = state->remember(held); !done.ok()) {
        log::warn("server", "cannot keep the state of a broker's session: {}",
                  done.error().message);
      }
    });
    if (!taken) log::warn("server", "too busy to keep the state of a broker's session");
  };
}

std::vector<mqtt::ClientStatus> OtherBrokers::status() const {
  std::vector<mqtt::ClientStatus> all;
  if (consumer_) all.push_back(consumer_->status());
  return all;
}

void OtherBrokers::stop() {
  if (std::exchange(stopped_, true)) return;
  if (consumer_) consumer_->stop();
}

}  // namespace weir::server
