// Configuration: every setting, its value, and where the value came from.
//
// Precedence: command line > WEIR_* environment (.env included) > weir.toml > default. Settings
// have dotted keys ("mqtt.listen"); each is also a flag (--mqtt-listen), a variable
// (WEIR_MQTT_LISTEN) and a TOML key ([mqtt] listen). The mapping rules ([auto], [[map]]) of the
// same file are kept as text for ingest/rules.h. Built once at start; read-only afterwards. Errors
// name the source ("weir.toml:3:1", "--mqtt-listen", ".env:2"), the value and the remedy, and list
// every mistake that can be seen at once, one a line.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "mqtt/broker.h"
#include "net/listener.h"
#include "net/tls_context.h"
#include "query/query.h"
#include "server/allowed_hosts.h"
#include "server/config_link.h"
#include "server/environment.h"
#include "server/setting_value.h"
#include "store/engine/engine.h"

namespace weir::server {

// One setting as `weir check-config --print` and docs/configuration.md show it.
struct Setting {
  std::string_view key;      // "mqtt.listen"
  std::string_view initial;  // the default, as text
  std::string_view help;
};
std::span<const Setting> all_settings();
std::string flag_of(std::string_view key);      // "--mqtt-listen"
std::string variable_of(std::string_view key);  // "WEIR_MQTT_LISTEN"
// "unknown setting `mqtt.lisen`; did you mean `mqtt.listen`?"
std::string unknown_setting(std::string_view key);
// "; did you mean `meant`?", or nothing if that is empty.
std::string did_you_mean(std::string_view meant);

// Who may connect to the broker without a name.
enum class AnonymousPolicy : uint8_t { loopback, everyone, nobody };

// A file, and what the setting that names it is called.
struct NamedFile {
  std::string path;     // empty: none
  std::string setting;  // with its place: "weir.toml:3:1: mqtt.acl_file"
};
// Mosquitto's files of who may connect and who may use which topics.
struct AccessSettings {
  NamedFile passwords, topics;
};

// A place where the broker listens, and what it asks of clients there.
struct MqttListener {
  std::string name;  // "mqtt.listen_tls", or of a [[listener]]
  net::ListenAddress address;
  std::string place;  // where it is given: "weir.toml:3:1: mqtt.listen_tls"; empty: the default
  bool is_websocket = false;
  std::shared_ptr<const net::TlsServerOptions> tls;  // null: none; listeners may share it
  bool certificate_as_user = false;
  bool proxy_protocol = false;
  AnonymousPolicy anonymous = AnonymousPolicy::loopback;
  std::string anonymous_setting = "mqtt.allow_anonymous";  // where that is set, or would be
  AccessSettings access;
  size_t connections_max = SIZE_MAX;
  uint32_t packet_bytes_max = UINT32_MAX;
  uint16_t keep_alive_s_max = UINT16_MAX;
  uint8_t qos_max = 2;
};

// What the first start sets up without being asked (INFLUXDB_* or DOCKER_INFLUXDB_INIT_*).
struct FirstSetUp {
  std::string username, password, organization, bucket, token;
  int64_t retention_ns = 0;
};

struct Config {
  std::map<std::string, SettingValue, std::less<>> values;  // every setting, as text
  std::string rules_file;  // path of the file the rules came from, or empty
  std::string rules_text;  // its whole text
  // What looks like a mistake and does no harm: variables WEIR_* that mean nothing.
  std::vector<std::string> warnings;

  std::string data_dir;
  net::ListenAddress http_listen;
  std::shared_ptr<const net::TlsServerOptions> http_tls;  // null: HTTP without TLS
  std::vector<MqttListener> mqtt_listeners;
  bool mqtt_over_http = true;  // /mqtt of http_listen
  size_t io_threads = 1, worker_threads = 2;
  mqtt::BrokerOptions broker;
  AnonymousPolicy anonymous = AnonymousPolicy::loopback;
  AccessSettings access;  // of the listeners that have none of their own
  // Consumed instead of, or beside, what the own listeners take.
  std::optional<ExternalBroker> external_broker;
  std::vector<BridgeConfig> bridges;
  store::EngineOptions engine;
  query::Limits query_limits;
  size_t queries_at_once = 2, queries_waiting_max = 1000;
  AllowedHosts query_hosts;  // that queries may send requests to
  std::string query_ca_file;
  size_t http_body_bytes_max = 0;
  log::Level log_level = log::Level::info;
  std::optional<FirstSetUp> first_set_up;
  // Why there is no first_set_up although a name or password is given; else empty.
  std::string set_up_lacks;
};

// Values by the keys of settings.
using GivenValues = std::map<std::string, std::string, std::less<>>;

// What could be made of a configuration, and every mistake in it, one a line.
struct ReadConfig {
  Config config;
  std::vector<std::string> mistakes;
};

// `flags` and `set` are the command line's: --mqtt-listen VALUE and --set mqtt.listen=VALUE, which
// holds where both say something. `config_path` is empty to use weir.toml in the working directory
// if there is one.
ReadConfig read_config(const GivenValues& flags, const GivenValues& set,
                       const std::string& config_path, const Environment& environment);
// All of them, one a line: those of the file in the order of its lines, then the others as they
// came.
Error told_together(const std::vector<std::string>& mistakes, std::string_view file);
// An error if there is any mistake.
Result<Config> load_config(const GivenValues& flags, const std::string& config_path,
                           const Environment& environment, const GivenValues& set = {});

// One line per setting: key = value  # source; in columns.
std::string print_config(const Config& config);

}  // namespace weir::server
