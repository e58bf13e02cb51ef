#include <fmt/core.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/log.h"
#include "server/app.h"
#include "server/commands/commands.h"
#include "server/config.h"
#include "server/descriptors.h"
#include "server/service_notify.h"
#include "server/version.h"

namespace weir::server {
namespace {

// Signals that stop the program, or make it look at its files again, are taken by sigwait() below,
// so no thread may be interrupted.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// A number of connections that somebody has asked for is kept, and what it lacks is told.
void make_room_for_connections(Config& config) {
  const uint64_t limit = raise_descriptor_limit();
  const size_t wanted = config.broker.connections_max;
  const size_t fitting = connections_within(limit, wanted);
  if (fitting == wanted) return;
  SettingValue& setting = config.values["mqtt.max_connections"];
  if (setting.source != "default") {
    log::warn("server",
              "at most {} open files: too few for mqtt.max_connections = {}; raise the limit "
              "(LimitNOFILE of the service, ulimit -Hn)",
              limit, wanted);
    return;
  }
  config.broker.connections_max = fitting;
  setting = {fmt::format("{}", fitting), "the limit on open files"};
  log::info("server", "at most {} open files: room for {} connections (mqtt.max_connections)",
            limit, fitting);
}

// An address as one would type it: 0.0.0.0 is everywhere, but not a place to go to.
std::string reachable(const std::string& address) {
  for (std::string_view everywhere : {"0.0.0.0:", "[::]:"}) {
    const size_t at = address.find(everywhere);
    if (at != address.npos && (at == 0 || address[at - 1] == '/'))
      return address.substr(0, at) + "127.0.0.1:" + address.substr(at + everywhere.size());
  }
  return address;
}

void print_welcome(const App& app, const Config& config) {
  std::error_code ignored;
  fmt::print("weir {} is ready\n  web interface  {}\n", kVersion, reachable(app.http_url()));
  std::string_view label = "MQTT broker";
  for (const ListenerAddress& listener : app.mqtt_listeners()) {
    fmt::print("  {:<13}  {}\n", std::exchange(label, ""), reachable(listener.url));
  }
  if (config.external_broker) {
    fmt::print("  consumes       {}\n", config.external_broker->link.url.shown());
  }
  fmt::print("  data           {}\n", std::filesystem::absolute(config.data_dir, ignored).string());
  if (!app.is_set_up()) {
    fmt::print("  first time?    open the web interface: it asks for a name and a password\n");
  }
  if (!app.generated_token().empty()) {
    fmt::print("  API token      {}   (shown only now)\n", app.generated_token());
  }
  std::fflush(stdout);
}

// The tutorial's sensor beside the server, on a thread of its own.
class SensorBeside {
 public:
  explicit SensorBeside(const std::string& mqtt_address) {
    SensorOptions options;
    options.print = false;
    if (mqtt_address.empty()) {
      log::warn("sensor", "--with-sensor: no listener takes plain MQTT (mqtt.listen)");
      return;
    }
    if (auto read = parse_sensor_url(reachable(mqtt_address), options.broker); !read.ok()) {
      log::warn("sensor", "{}", read.error().message);
      return;
    }
    thread_ = std::thread([this, options] {
      auto outcome = run_sensor(options, SystemClock(), stop_);
      if (!outcome.ok()) log::warn("sensor", "{}", outcome.error().message);
    });
  }
  ~SensorBeside() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace

int run_command(const RunArguments& arguments, const Environment& environment,
                std::span<const api::WebFile> web_files) {
  auto config = load_config(arguments.config.flags, arguments.config.config_path, environment,
                            arguments.config.set);
  if (!config.ok()) return report(config.error());
  log::set_level(config->log_level);
  for (const std::string& warning : config->warnings) log::warn("server", "{}", warning);
  make_room_for_connections(*config);
  sigset_t signals = block_signals();
  auto app = App::start(*config, web_files);
  if (!app.ok()) return report(app.error());
  print_welcome(**app, *config);
  notify_service_manager("READY=1");
  int signal = 0;
  {
    std::unique_ptr<SensorBeside> sensor;
    if (arguments.with_sensor) sensor = std::make_unique<SensorBeside>((*app)->mqtt_address());
    while (sigwait(&signals, &signal) == 0 && signal == SIGHUP) {
      log::info("server",
                "SIGHUP received, reading certificates, password file and access list again");
      (*app)->reload();
    }
    log::info("server", "{} received, stopping", signal == SIGINT ? "SIGINT" : "SIGTERM");
  }
  // A second signal while stopping means: at once. What was acknowledged is in the log.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  notify_service_manager("STOPPING=1");
  auto stopped = (*app)->stop();
  return stopped.ok() ? 0 : report(stopped.error());
}

}  // namespace weir::server
