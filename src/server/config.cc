#include "server/config.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <thread>

#include "base/file.h"
#include "server/config_file.h"
#include "server/units.h"

namespace weir::server {
namespace {

constexpr std::array kSettings{
    Setting{"data_dir", "weir-data", "directory of everything that is stored"},
    Setting{"http.listen", ":8086",
            "address of the API and the web interface; port 0 takes a free one"},
    Setting{"http.body_bytes_max", "64MiB", "largest request body, after decompression"},
    Setting{"mqtt.listen", ":1883", "address of the MQTT broker; port 0 takes a free one"},
    Setting{"mqtt.allow_anonymous", "loopback",
            "who may connect without a name: loopback, true (everyone) or false (nobody)"},
    Setting{"mqtt.max_packet_size", "1MiB", "largest MQTT packet"},
    Setting{"mqtt.max_inflight", "20", "QoS 1 messages a client may have unacknowledged"},
    Setting{"mqtt.max_queued_messages", "1000", "QoS 1 messages queued for one client"},
    Setting{"mqtt.max_queued_bytes", "8MiB", "bytes queued for one client"},
    Setting{"mqtt.max_keep_alive", "65535", "longest keep-alive in seconds"},
    Setting{"mqtt.max_connections", "20000", "clients connected at once"},
    Setting{"store.durability", "sync",
            "when a write is acknowledged: sync (after fdatasync), interval:1s, none"},
    Setting{"store.head_bytes_max", "0",
            "memory for points not yet sealed into chunks; 0: a quarter of the machine's, at most "
            "1GiB"},
    Setting{"query.memory_bytes_max", "512MiB", "memory one query may hold"},
    Setting{"query.duration_max", "60s", "time one query may take"},
    Setting{"threads.io", "0", "event loops; 0: one per core, at most 4"},
    Setting{"threads.workers", "2", "threads for queries, large bodies and changes of metadata"},
    Setting{"log.level", "info", "error, warn, info or debug"},
};

Error in_setting(const SettingValue& value, std::string_view key, Error error) {
  return std::move(error).with_context(fmt::format("{}: {}", value.source, key));
}

// Typed access to the merged values; the error names source and key.
class Reader {
 public:
  explicit Reader(const Config& config) : config_(config) {}

  const SettingValue& raw(std::string_view key) const { return config_.values.find(key)->second; }
  template <class Parse>
  auto parsed(std::string_view key, Parse parse) const -> decltype(parse(std::string_view())) {
    const SettingValue& value = raw(key);
    auto result = parse(std::string_view(value.value));
    if (!result.ok()) return in_setting(value, key, std::move(result).error());
    return result;
  }
  Result<uint64_t> number(std::string_view key, uint64_t least, uint64_t most) const {
    return parsed(key, [&](auto text) { return parse_whole_number(text, least, most); });
  }
  Result<uint64_t> size(std::string_view key) const { return parsed(key, parse_size_bytes); }

 private:
  const Config& config_;
};

Result<AnonymousPolicy> parse_anonymous(std::string_view text) {
  if (text == "loopback") return AnonymousPolicy::loopback;
  auto everyone = parse_boolean(text);
  if (!everyone.ok()) {
    return Error{Errc::invalid, fmt::format("got `{}`, wanted loopback, true or false", text)};
  }
  return *everyone ? AnonymousPolicy::everyone : AnonymousPolicy::nobody;
}

Result<log::Level> parse_level(std::string_view text) {
  if (text == "error") return log::Level::error;
  if (text == "warn") return log::Level::warn;
  if (text == "info") return log::Level::info;
  if (text == "debug") return log::Level::debug;
  return Error{Errc::invalid, fmt::format("got `{}`, wanted error, warn, info or debug", text)};
}

Result<void> read_broker(const Reader& reader, Config& config) {
  WEIR_TRY(config.mqtt_listen, reader.parsed("mqtt.listen", net::parse_listen_address));
  WEIR_TRY(config.anonymous, reader.parsed("mqtt.allow_anonymous", parse_anonymous));
  WEIR_TRY(uint64_t packet, reader.size("mqtt.max_packet_size"));
  WEIR_TRY(uint64_t inflight, reader.number("mqtt.max_inflight", 1, 65535));
  WEIR_TRY(config.broker.queued_messages_max,
           reader.number("mqtt.max_queued_messages", 0, 100'000'000));
  WEIR_TRY(config.broker.queued_bytes_max, reader.size("mqtt.max_queued_bytes"));
  WEIR_TRY(uint64_t keep_alive, reader.number("mqtt.max_keep_alive", 1, 65535));
  WEIR_TRY(config.broker.connections_max, reader.number("mqtt.max_connections", 1, 10'000'000));
  // The protocol's own bound (MQTT 5 §2.1.4) plus the fixed header.
  config.broker.packet_bytes_max = static_cast<uint32_t>(std::min<uint64_t>(packet, 268'435'460));
  config.broker.receive_maximum = static_cast<uint16_t>(inflight);
  config.broker.keep_alive_s_max = static_cast<uint16_t>(keep_alive);
  return {};
}

Result<void> read_typed(Config& config) {
  Reader reader(config);
  config.data_dir = reader.raw("data_dir").value;
  if (config.data_dir.empty()) {
    return in_setting(reader.raw("data_dir"), "data_dir",
                      Error{Errc::empty_value, "wanted a directory"});
  }
  WEIR_TRY(config.http_listen, reader.parsed("http.listen", net::parse_listen_address));
  WEIR_TRY(config.http_body_bytes_max, reader.size("http.body_bytes_max"));
  WEIR_CHECK(read_broker(reader, config));
  WEIR_TRY(config.engine.durability, reader.parsed("store.durability", store::parse_durability));
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

std::span<const Setting> all_settings() { return kSettings; }

std::string flag_of(std::string_view key) {
  std::string flag = "--";
  for (char c : key) flag += c == '.' || c == '_' ? '-' : c;
  return flag;
}

std::string variable_of(std::string_view key) {
  std::string variable = "WEIR_";
  for (char c : key) {
    variable += c == '.' ? '_' : static_cast<char>(toupper(static_cast<unsigned char>(c)));
  }
  return variable;
}

Result<Config> load_config(const std::map<std::string, std::string, std::less<>>& flags,
                           const std::string& config_path, const Environment& environment) {
  Config config;
  for (const Setting& setting : kSettings) {
    config.values[std::string(setting.key)] = {std::string(setting.initial), "default"};
  }
  WEIR_CHECK(read_file(config_path, config));
  for (const Setting& setting : kSettings) {
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
  for (const Setting& setting : kSettings) {
    const SettingValue& value = config.values.find(setting.key)->second;
    out += fmt::format("{:<26} = {:<16} # {}\n", setting.key, value.value, value.source);
  }
  return out;
}

}  // namespace weir::server
