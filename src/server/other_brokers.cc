#include "server/other_brokers.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "net/memory_stream.h"
#include "server/broker_dial.h"

namespace weir::server {
namespace {

// Messages on their way to the other broker at once; the rest waits in the own broker's session.
constexpr uint16_t kBridgeWindow = 500;
// Names of the files with a session's state: "bridge-NAME.json", "broker.json".
constexpr std::string_view kBridgeFile = "bridge-", kStateFile = ".json";

}  // namespace

Result<std::unique_ptr<OtherBrokers>> OtherBrokers::start(const Config& config,
                                                          const Parts& parts) {
  std::unique_ptr<OtherBrokers> others(new OtherBrokers(parts));
  if (config.external_broker) WEIR_CHECK(others->start_consumer(config));
  WEIR_CHECK(others->forget_removed_bridges(config));
  for (const BridgeConfig& bridge : config.bridges) {
    auto started = others->start_bridge(bridge, config);
    if (!started.ok()) return std::move(started).error().with_context("[[bridge]] " + bridge.name);
  }
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
    options.retain_handling = mqtt::RetainHandling::send_if_new;
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
  // "broker", "bridge NAME"
  const size_t blank = link.name.find(' ');
  const std::string name = blank == link.name.npos ? "" : link.name.substr(blank + 1);
  const std::string file = name.empty() ? "broker" : "bridge-" + name;
  state =
      std::make_shared<LinkState>(system_file_system(), fmt::format("{}/{}.json", directory, file));
  WEIR_CHECK(state->open(link, name));
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

Result<void> OtherBrokers::start_bridge(const BridgeConfig& bridge, const Config& config) {
  std::vector<mqtt::BridgeTopic> topics;
  for (const std::string& line : bridge.topics) {
    WEIR_TRY(mqtt::BridgeTopic topic, mqtt::parse_bridge_topic(line));
    topics.push_back(std::move(topic));
  }
  std::shared_ptr<LinkState> state;
  mqtt::BridgeSettings settings;
  settings.name = bridge.name;
  settings.topics = mqtt::BridgeTopics(std::move(topics));
  WEIR_TRY(settings.remote, settings_of(bridge.link, config, state));
  WEIR_TRY(settings.own_id,
           instance_id(system_file_system(), config.data_dir + "/brokers/instance"));
  settings.local = own_side(bridge, *state);
  settings.local.options.packet_bytes_max = config.broker.packet_bytes_max;
  settings.remote_status_topic = bridge.remote_status_topic;
  settings.tell_status = [this, topic = bridge.status_topic](bool connected) {
    if (!topic.empty()) tell_status(topic, connected);
  };
  settings.retained = [&broker = parts_.broker](std::string_view topic) {
    return broker.retained_message(topic);
  };
  settings.remember = remember_in(std::move(state));
  bridges_.push_back(mqtt::Bridge::make(parts_.threads.next(), parts_.clock, std::move(settings)));
  bridges_.back()->start();
  return {};
}

// Nobody can guess it, so nobody can take the session over.
std::string OtherBrokers::own_client_id(std::string_view bridge, const LinkState& state) {
  return fmt::format("bridge-{}-{}", bridge, state.own_id());
}

Result<void> OtherBrokers::forget_removed_bridges(const Config& config) {
  FileSystem& files = system_file_system();
  const std::string directory = config.data_dir + "/brokers";
  if (!files.exists(directory)) return {};
  WEIR_TRY(std::vector<std::string> names, files.list(directory));
  for (const std::string& file : names) {
    if (!file.starts_with(kBridgeFile) || !file.ends_with(kStateFile)) continue;
    const std::string name =
        file.substr(kBridgeFile.size(), file.size() - kBridgeFile.size() - kStateFile.size());
    const bool is_wanted = std::any_of(config.bridges.begin(), config.bridges.end(),
                                       [&](const auto& one) { return one.name == name; });
    if (is_wanted) continue;
    LinkState state(files, directory + "/" + file);
    WEIR_CHECK(state.open({}, name));
    parts_.broker.kick(own_client_id(name, state), true, [](bool) {});
    WEIR_CHECK(files.remove(directory + "/" + file));
    log::info("server", "bridge {} is no more, nor is what waited for it", name);
  }
  return {};
}

// The bridge as a client of the own broker: its session there is what waits for the other side.
mqtt::ClientSettings OtherBrokers::own_side(const BridgeConfig& bridge,
                                            const LinkState& state) const {
  mqtt::ClientSettings settings;
  settings.name = bridge.link.name + ", own side";
  settings.url = "the own broker";
  settings.try_older = false;
  settings.options.version = mqtt::Version::v5;
  settings.options.client_id = own_client_id(bridge.name, state);
  settings.options.session_expiry_s = UINT32_MAX;
  settings.options.keep_alive_s = 0;
  settings.options.receive_maximum = kBridgeWindow;
  auto policy = std::make_shared<mqtt::ListenerPolicy>();
  policy->name = "bridge " + bridge.name;
  policy->transport = "bridge";
  settings.dial = [&broker = parts_.broker, policy](net::IoThread& io, mqtt::Dialed done) {
    auto [ours, brokers] = net::make_memory_streams(io, policy->name);
    broker.adopt(std::move(brokers), policy);
    done(std::move(ours));
  };
  return settings;
}

void OtherBrokers::tell_status(const std::string& topic, bool connected) const {
  auto message = std::make_shared<mqtt::Message>();
  message->topic = topic;
  message->payload = connected ? "1" : "0";
  message->retain = true;
  parts_.broker.publish(std::move(message));
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
  for (const auto& bridge : bridges_) all.push_back(bridge->status());
  return all;
}

void OtherBrokers::stop() {
  if (std::exchange(stopped_, true)) return;
  if (consumer_) consumer_->stop();
  for (const auto& bridge : bridges_) bridge->stop();
}

}  // namespace weir::server
