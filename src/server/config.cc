#include "server/config.h"

#include <fmt/core.h>

#include <algorithm>
#include <thread>

#include "base/file.h"
#include "server/config_broker.h"
#include "server/config_file.h"
#include "server/config_reader.h"
#include "server/units.h"

namespace weir::server {
namespace {

Result<log::Level> parse_level(std::string_view text) {
  if (text == "error") return log::Level::error;
  if (text == "warn") return log::Level::warn;
  if (text == "info") return log::Level::info;
  if (text == "debug") return log::Level::debug;
  return Error{Errc::invalid, fmt::format("got `{}`, wanted error, warn, info or debug", text)};
}

Result<void> read_typed(Config& config) {
  ConfigReader reader(config);
  config.data_dir = reader.raw("data_dir").value;
  if (config.data_dir.empty()) {
    return in_setting(reader.raw("data_dir"), "data_dir",
                      Error{Errc::empty_value, "wanted a directory"});
  }
  WEIR_TRY(config.http_listen, reader.parsed("http.listen", net::parse_listen_address));
  WEIR_TRY(config.http_body_bytes_max, reader.size("http.body_bytes_max"));
  WEIR_CHECK(read_broker_settings(reader, config));
  WEIR_TRY(config.engine.durability, reader.parsed("store.durability", parse_durability));
  WEIR_TRY(config.engine.head_bytes_max, reader.size("store.head_bytes_max"));
  config.engine.directory = config.data_dir + "/store";
  WEIR_TRY(config.query_limits.memory_bytes_max, reader.size("query.memory_bytes_max"));
  WEIR_TRY(int64_t duration_ns, reader.parsed("query.duration_max", parse_duration_ns));
  config.query_limits.duration_ms_max = duration_ns / 1'000'000;
  WEIR_TRY(config.io_threads, reader.number("threads.io", 0, 256));
  if (config.io_threads == 0) {
    config.io_threads = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 4);
  }
  WEIR_TRY(config.worker_threads, reader.number("threads.workers", 1, 256));
  WEIR_TRY(config.log_level, reader.parsed("log.level", parse_level));
  return {};
}

Result<void> read_first_set_up(const Environment& environment, Config& config) {
  auto username = environment.first_of({"INFLUXDB_USERNAME", "DOCKER_INFLUXDB_INIT_USERNAME"});
  auto password = environment.first_of({"INFLUXDB_PASSWORD", "DOCKER_INFLUXDB_INIT_PASSWORD"});
  auto organization = environment.first_of({"INFLUXDB_ORG", "DOCKER_INFLUXDB_INIT_ORG"});
  auto bucket = environment.first_of({"INFLUXDB_BUCKET", "DOCKER_INFLUXDB_INIT_BUCKET"});
  auto token = environment.first_of({"INFLUXDB_TOKEN", "DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"});
  auto retention = environment.first_of({"DOCKER_INFLUXDB_INIT_RETENTION"});
  for (const auto& [given, name] : {std::pair(username.has_value(), "INFLUXDB_USERNAME"),
                                    std::pair(password.has_value(), "INFLUXDB_PASSWORD"),
                                    std::pair(organization.has_value(), "INFLUXDB_ORG"),
                                    std::pair(bucket.has_value(), "INFLUXDB_BUCKET")}) {
    if (given) continue;
    config.set_up_lacks += (config.set_up_lacks.empty() ? "" : ", ") + std::string(name);
  }
  if (!config.set_up_lacks.empty()) {
    // Organization, bucket and token alone are what clients use, not a wish to be set up.
    if (!username && !password) config.set_up_lacks.clear();
    return {};
  }
  FirstSetUp set_up{username->value,
                    password->value,
                    organization->value,
                    bucket->value,
                    token ? token->value : std::string(),
                    0};
  if (retention) {
    auto parsed = parse_duration_ns(retention->value);
    if (!parsed.ok()) {
      return std::move(parsed).error().with_context(
          fmt::format("{}: DOCKER_INFLUXDB_INIT_RETENTION", retention->source));
    }
    set_up.retention_ns = *parsed;
  }
  config.first_set_up = std::move(set_up);
  return {};
}

Result<void> read_file(const std::string& config_path, Config& config) {
  std::string path = config_path;
  if (path.empty()) {
    if (!system_file_system().exists("weir.toml")) return {};
    path = "weir.toml";
  }
  WEIR_TRY(config.rules_text, system_file_system().read(path));
  config.rules_file = path;
  WEIR_TRY(auto settings, parse_config_file(config.rules_text, path));
  for (auto& [key, value] : settings) config.values[key] = std::move(value);
  return {};
}

}  // namespace

Result<Config> load_config(const std::map<std::string, std::string, std::less<>>& flags,
                           const std::string& config_path, const Environment& environment) {
  Config config;
  for (const Setting& setting : all_settings()) {
    config.values[std::string(setting.key)] = {std::string(setting.initial), "default"};
  }
  WEIR_CHECK(read_file(config_path, config));
  for (const Setting& setting : all_settings()) {
    if (auto value = environment.get(variable_of(setting.key))) {
      config.values[std::string(setting.key)] = {value->value, value->source};
    }
  }
  for (const auto& [key, value] : flags) {
    if (!config.values.contains(key)) {
      return Error{Errc::invalid, fmt::format("--set: unknown setting `{}`", key)};
    }
    config.values[key] = {value, flag_of(key)};
  }
  WEIR_CHECK(read_typed(config));
  WEIR_CHECK(read_first_set_up(environment, config));
  return config;
}

std::string print_config(const Config& config) {
  std::string out;
  for (const Setting& setting : all_settings()) {
    const SettingValue& value = config.values.find(setting.key)->second;
    out += fmt::format("{:<26} = {:<16} # {}\n", setting.key, value.value, value.source);
  }
  return out;
}

}  // namespace weir::server
