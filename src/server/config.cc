#include "server/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "base/closest_name.h"
#include "base/file.h"
#include "server/config_broker.h"
#include "server/config_file.h"
#include "server/config_listeners.h"
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

void read_typed(ConfigReader& reader, Config& config) {
  config.data_dir = reader.raw("data_dir").value;
  if (config.data_dir.empty()) reader.note("data_dir", "wanted a directory");
  config.engine.directory = config.data_dir + "/store";
  reader.read("http.listen", net::parse_listen_address, config.http_listen);
  reader.size("http.body_bytes_max", config.http_body_bytes_max);
  read_broker_settings(reader, config);
  if (!reader.raw("broker.url").value.empty()) {
    read_external_broker(reader, config.external_broker.emplace());
  }
  reader.read("store.durability", parse_durability, config.engine.durability);
  reader.size("store.head_bytes_max", config.engine.head_bytes_max);
  reader.number("store.max_series_per_bucket", 0, UINT32_MAX, config.engine.series_per_bucket_max);
  reader.size("query.memory_bytes_max", config.query_limits.memory_bytes_max);
  int64_t duration_ns = 0;
  reader.read("query.duration_max", parse_duration_ns, duration_ns);
  config.query_limits.duration_ms_max = duration_ns / 1'000'000;
  reader.number("query.max_rows", 0, UINT64_MAX / 2, config.query_limits.rows_max);
  reader.number("query.concurrency", 0, 256, config.queries_at_once);
  reader.number("query.queue_size", 0, 1'000'000, config.queries_waiting_max);
  reader.read("query.allowed_hosts", AllowedHosts::parse, config.query_hosts);
  config.query_ca_file = reader.raw("query.ca_file").value;
  reader.number("threads.io", 0, 256, config.io_threads);
  if (config.io_threads == 0) {
    config.io_threads = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 4);
  }
  reader.number("threads.workers", 1, 256, config.worker_threads);
  if (config.queries_at_once == 0) config.queries_at_once = config.worker_threads;
  reader.read("log.level", parse_level, config.log_level);
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

Result<void> read_file(const std::string& config_path, Config& config,
                       std::vector<ListenerTable>& listeners, std::vector<std::string>& mistakes) {
  std::string path = config_path;
  if (path.empty()) {
    if (!system_file_system().exists("weir.toml")) return {};
    path = "weir.toml";
  }
  WEIR_TRY(config.rules_text, system_file_system().read(path));
  config.rules_file = path;
  WEIR_TRY(FileSettings file, parse_config_file(config.rules_text, path));
  for (auto& [key, value] : file.values) config.values[key] = std::move(value);
  mistakes.insert(mistakes.end(), file.mistakes.begin(), file.mistakes.end());
  listeners = std::move(file.listeners);
  read_bridges(file.bridges, config.bridges, mistakes);
  return {};
}

// Who has a broker seldom wants a second one on the same port: weir's is opened when asked for.
void close_own_listeners_for_another_broker(Config& config) {
  SettingValue& listen = config.values.find("mqtt.listen")->second;
  SettingValue& over_http = config.values.find("mqtt.listen_http")->second;
  if (config.values.find("broker.url")->second.value.empty() || listen.source != "default") return;
  listen = {"off", "broker.url"};
  if (over_http.source == "default") over_http = {"false", "broker.url"};
}

void read_environment(const Environment& environment, Config& config) {
  std::vector<std::string> variables;
  for (const Setting& setting : all_settings()) {
    variables.push_back(variable_of(setting.key));
    if (auto value = environment.get(variables.back())) {
      config.values[std::string(setting.key)] = {value->value, value->source};
    }
  }
  std::vector<std::string_view> known(variables.begin(), variables.end());
  for (const auto& [name, source] : environment.names_with("WEIR_")) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    config.warnings.push_back(fmt::format("{}: {} is no setting of weir{}", source, name,
                                          did_you_mean(closest_name(name, known))));
  }
}

}  // namespace

std::string did_you_mean(std::string_view name) {
  return name.empty() ? std::string() : fmt::format("; did you mean `{}`?", name);
}

std::string unknown_setting(std::string_view key) {
  std::vector<std::string_view> keys;
  for (const Setting& setting : all_settings()) keys.push_back(setting.key);
  return fmt::format("unknown setting `{}`{}", key, did_you_mean(closest_name(key, keys)));
}

ReadConfig read_config(const GivenValues& flags, const GivenValues& set,
                       const std::string& config_path, const Environment& environment) {
  ReadConfig read;
  Config& config = read.config;
  std::vector<std::string>& mistakes = read.mistakes;
  for (const Setting& setting : all_settings()) {
    config.values[std::string(setting.key)] = {std::string(setting.initial), "default"};
  }
  std::vector<ListenerTable> listeners;
  if (auto file = read_file(config_path, config, listeners, mistakes); !file.ok()) {
    mistakes.push_back(file.error().message);
  }
  read_environment(environment, config);
  for (const auto& [values, is_set] : {std::pair(&flags, false), std::pair(&set, true)}) {
    for (const auto& [key, value] : *values) {
      if (auto known = config.values.find(key); known != config.values.end()) {
        known->second = {value, is_set ? "--set" : flag_of(key)};
      } else {
        mistakes.push_back("--set: " + unknown_setting(key));
      }
    }
  }
  close_own_listeners_for_another_broker(config);
  ConfigReader reader(config, mistakes);
  read_typed(reader, config);
  read_listeners(reader, listeners, config, mistakes);
  if (auto set_up = read_first_set_up(environment, config); !set_up.ok()) {
    mistakes.push_back(set_up.error().message);
  }
  return read;
}

namespace {

// Line and column of "FILE:12:3: ..."; of what is not told of the file: behind its last line.
std::pair<uint32_t, uint32_t> place_in(std::string_view file, std::string_view mistake) {
  std::pair<uint32_t, uint32_t> none{UINT32_MAX, 0}, place{0, 0};
  if (file.empty() || !mistake.starts_with(file)) return none;
  const char* end = mistake.data() + mistake.size();
  const char* at = mistake.data() + file.size();
  for (uint32_t* number : {&place.first, &place.second}) {
    if (at == end || *at != ':') return none;
    auto [next, error] = std::from_chars(at + 1, end, *number);
    if (error != std::errc()) return none;
    at = next;
  }
  return place;
}

}  // namespace

Error told_together(const std::vector<std::string>& mistakes, std::string_view file) {
  constexpr std::pair<uint32_t, uint32_t> kNowhere{UINT32_MAX, 0};
  std::vector<std::string_view> whole;
  for (std::string_view rest : mistakes) {
    // Some come together, each with its place; a line without one goes on with what is before it.
    while (!rest.empty()) {
      size_t end = rest.find('\n');
      while (end != rest.npos && place_in(file, rest.substr(end + 1)) == kNowhere)
        end = rest.find('\n', end + 1);
      whole.push_back(rest.substr(0, end));
      rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    }
  }
  std::stable_sort(whole.begin(), whole.end(), [&](std::string_view a, std::string_view b) {
    return place_in(file, a) < place_in(file, b);
  });
  return {Errc::invalid, fmt::format("{}", fmt::join(whole, "\n"))};
}

Result<Config> load_config(const GivenValues& flags, const std::string& config_path,
                           const Environment& environment, const GivenValues& set) {
  ReadConfig read = read_config(flags, set, config_path, environment);
  if (!read.mistakes.empty()) return told_together(read.mistakes, read.config.rules_file);
  return std::move(read.config);
}

namespace {

// As others may see it: a configuration is shown to whoever helps with it.
std::string without_secrets(std::string_view key, const std::string& value) {
  const bool is_secret = key.ends_with("password") || key.ends_with("token");
  if (is_secret && !value.empty()) return "(given)";
  if (!key.ends_with("url") || value.find('@') == value.npos) return value;
  auto url = parse_broker_url(value);
  return url.ok() ? url->shown() : "(given)";
}

}  // namespace

std::string print_config(const Config& config) {
  // A long path or list stands out of its column rather than widen it for all.
  constexpr size_t kValueWidthMax = 32;
  struct Row {
    std::string_view key;
    std::string value, source;
  };
  std::vector<Row> rows;
  size_t key_width = 0, value_width = 0;
  for (const Setting& setting : all_settings()) {
    const SettingValue& given = config.values.find(setting.key)->second;
    Row& row = rows.emplace_back(
        Row{setting.key, without_secrets(setting.key, given.value), given.source});
    if (row.value.ends_with('\n')) row.value.pop_back();
    for (size_t at = 0; (at = row.value.find('\n', at)) != row.value.npos;) {
      row.value.replace(at, 1, ", ");  // a list of the file has one a line
    }
    key_width = std::max(key_width, row.key.size());
    if (row.value.size() <= kValueWidthMax) value_width = std::max(value_width, row.value.size());
  }
  std::string out;
  for (const Row& row : rows) {
    out += fmt::format("{:<{}} = {:<{}}  # {}\n", row.key, key_width, row.value, value_width,
                       row.source);
  }
  return out;
}

}  // namespace weir::server
