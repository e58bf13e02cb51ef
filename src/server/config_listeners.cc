#include "server/config_listeners.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "server/config_broker.h"

namespace weir::server {
namespace {

constexpr std::array<std::string_view, 17> kListenerKeys{"name",
                                                         "address",
                                                         "transport",
                                                         "tls_certificate",
                                                         "tls_key",
                                                         "tls_client_ca",
                                                         "tls_client_certificate",
                                                         "tls_min_version",
                                                         "tls_certificate_as_user",
                                                         "proxy_protocol",
                                                         "allow_anonymous",
                                                         "password_file",
                                                         "acl_file",
                                                         "max_connections",
                                                         "max_packet_size",
                                                         "max_qos",
                                                         "max_keep_alive"};

// An address, or none where it is empty or "off".
Result<std::optional<net::ListenAddress>> parse_address(std::string_view text) {
  if (text.empty() || text == "off") return std::optional<net::ListenAddress>();
  WEIR_TRY(net::ListenAddress address, net::parse_listen_address(text));
  return std::optional(std::move(address));
}

Result<std::optional<net::ListenAddress>> parse_path(std::string_view text) {
  if (text.empty() || text == "off" || text.starts_with("unix:")) return parse_address(text);
  return parse_address("unix:" + std::string(text));
}

Result<net::ClientCertificate> parse_client_certificate(std::string_view text) {
  if (text == "none") return net::ClientCertificate::none;
  if (text == "optional") return net::ClientCertificate::optional;
  if (text == "required") return net::ClientCertificate::required;
  return Error{Errc::invalid, fmt::format("got `{}`, wanted none, optional or required", text)};
}

Result<bool> parse_only_tls_1_3(std::string_view text) {
  if (text == "1.2") return false;
  if (text == "1.3") return true;
  return Error{Errc::invalid, fmt::format("got `{}`, wanted 1.2 or 1.3", text)};
}

Result<bool> parse_is_websocket(std::string_view text) {
  if (text == "tcp") return false;
  if (text == "websocket") return true;
  return Error{Errc::invalid, fmt::format("got `{}`, wanted tcp or websocket", text)};
}

// The settings tls_... of `owner` ("mqtt", "listener"); null if there is no certificate.
std::shared_ptr<const net::TlsServerOptions> read_tls(ConfigReader& reader,
                                                      const std::string& owner, Config& config) {
  auto key = [&](const char* name) { return owner + ".tls_" + name; };
  auto text = [&](const char* name) { return reader.raw(key(name)).value; };
  const std::string certificate = text("certificate");
  auto options = std::make_shared<net::TlsServerOptions>();
  options->settings = owner + ".";
  options->client_authority_file = text("client_ca");
  reader.read(key("client_certificate"), parse_client_certificate, options->client_certificate);
  reader.read(key("min_version"), parse_only_tls_1_3, options->only_tls_1_3);
  if (certificate.empty() != text("key").empty()) {
    reader.note(
        key(certificate.empty() ? "key" : "certificate"),
        fmt::format("goes together with {}", key(certificate.empty() ? "certificate" : "key")));
  }
  const bool asks = options->client_certificate != net::ClientCertificate::none;
  if (asks && options->client_authority_file.empty()) {
    reader.note(key("client_certificate"),
                fmt::format("takes {}: whose certificates clients may show", key("client_ca")));
  }
  if (!asks && !options->client_authority_file.empty()) {
    config.warnings.push_back(fmt::format("{} is not used while {} is none", key("client_ca"),
                                          key("client_certificate")));
  }
  if (certificate.empty()) return nullptr;
  options->certificates.push_back({certificate, text("key")});
  return options;
}

void read_http_tls(ConfigReader& reader, Config& config) {
  const std::string& certificate = reader.raw("http.tls_certificate").value;
  const std::string& key = reader.raw("http.tls_key").value;
  if (certificate.empty() && key.empty()) return;
  if (key.empty()) reader.note("http.tls_certificate", "goes together with http.tls_key");
  if (certificate.empty()) reader.note("http.tls_key", "goes together with http.tls_certificate");
  auto options = std::make_shared<net::TlsServerOptions>();
  options->settings = "http.";
  options->certificates.push_back({certificate, key});
  config.http_tls = std::move(options);
}

void read_simple(ConfigReader& reader, Config& config) {
  auto tls = read_tls(reader, "mqtt", config);
  bool certificate_as_user = false, proxy_protocol = false;
  reader.read("mqtt.tls_certificate_as_user", parse_boolean, certificate_as_user);
  reader.read("mqtt.proxy_protocol", parse_boolean, proxy_protocol);
  reader.read("mqtt.listen_http", parse_boolean, config.mqtt_over_http);
  if (certificate_as_user && reader.raw("mqtt.tls_client_certificate").value == "none" &&
      !proxy_protocol) {
    reader.note("mqtt.tls_certificate_as_user",
                "takes mqtt.tls_client_certificate = optional or required");
  }
  auto add = [&](std::string key, bool is_websocket, bool is_tls, auto parse) {
    std::optional<net::ListenAddress> address;
    reader.read(key, parse, address);
    if (!address) return;
    if (is_tls && tls == nullptr) {
      reader.note(key, "takes mqtt.tls_certificate and mqtt.tls_key");
      return;
    }
    MqttListener listener;
    listener.place = reader.place_if_given(key);
    listener.name = std::move(key);
    listener.address = *address;
    listener.is_websocket = is_websocket;
    if (is_tls) listener.tls = tls;
    listener.proxy_protocol = proxy_protocol && address->path.empty();
    listener.certificate_as_user = certificate_as_user;
    listener.anonymous = config.anonymous;
    listener.access = config.access;
    config.mqtt_listeners.push_back(std::move(listener));
  };
  add("mqtt.listen", false, false, parse_address);
  add("mqtt.listen_tls", false, true, parse_address);
  add("mqtt.listen_websocket", true, false, parse_address);
  add("mqtt.listen_websocket_tls", true, true, parse_address);
  add("mqtt.listen_unix", false, false, parse_path);
}

// What a [[listener]] leaves out, as text; what it takes over from mqtt.... is not read again.
std::string default_of(std::string_view key) {
  if (key == "transport") return "tcp";
  if (key == "tls_certificate_as_user" || key == "proxy_protocol") return "false";
  if (key == "tls_client_certificate") return "none";
  if (key == "tls_min_version") return "1.2";
  return {};
}

// Its own files, or those of [mqtt]; an empty name is none. With a password file those without a
// name are not meant, unless it is said.
void read_access(ConfigReader& reader, const ListenerTable& table, const Config& config,
                 MqttListener& listener) {
  listener.access = config.access;
  for (auto [key, file] : {std::pair("password_file", &listener.access.passwords),
                           std::pair("acl_file", &listener.access.topics)}) {
    const auto given = table.values.find(fmt::format("listener.{}", key));
    if (given == table.values.end()) continue;
    *file = {given->second.value, fmt::format("{}: listener.{}", given->second.source, key)};
  }
  listener.anonymous = config.anonymous;
  const std::string& source = config.values.find("mqtt.allow_anonymous")->second.source;
  const bool is_said = source != "default" && source != kBecauseOfPasswords;
  const std::string own = fmt::format("allow_anonymous of the [[listener]] at {}", table.source);
  if (table.values.contains("listener.allow_anonymous")) {
    reader.read("listener.allow_anonymous", parse_anonymous, listener.anonymous);
    listener.anonymous_setting = own;
  } else if (!is_said) {
    listener.anonymous = listener.access.passwords.path.empty() ? AnonymousPolicy::loopback
                                                                : AnonymousPolicy::nobody;
    listener.anonymous_setting = own;
  }
}

// A limit that the table leaves out is the broker's.
void read_limits(ConfigReader& reader, const ListenerTable& table,
                 const mqtt::BrokerOptions& broker, MqttListener& listener) {
  auto is_given = [&](const char* key) { return table.values.contains(key); };
  listener.connections_max = broker.connections_max;
  listener.packet_bytes_max = broker.packet_bytes_max;
  listener.keep_alive_s_max = broker.keep_alive_s_max;
  listener.qos_max = broker.qos_max;
  if (is_given("listener.max_connections"))
    reader.number("listener.max_connections", 1, 10'000'000, listener.connections_max);
  if (is_given("listener.max_keep_alive"))
    reader.number("listener.max_keep_alive", 1, 65535, listener.keep_alive_s_max);
  if (is_given("listener.max_qos")) reader.number("listener.max_qos", 0, 2, listener.qos_max);
  if (!is_given("listener.max_packet_size")) return;
  uint64_t packet_bytes = listener.packet_bytes_max;
  reader.size("listener.max_packet_size", packet_bytes);
  if (packet_bytes < kPacketBytesLeast) {
    reader.note("listener.max_packet_size",
                fmt::format("got {}, wanted at least {} bytes", packet_bytes, kPacketBytesLeast));
  }
  listener.packet_bytes_max = static_cast<uint32_t>(std::min<uint64_t>(packet_bytes, UINT32_MAX));
}

void read_table(const ListenerTable& table, Config& config, std::vector<std::string>& mistakes) {
  // The same readers as for the settings, over the table's own values.
  Config own;
  own.values = table.values;
  for (const std::string_view key : kListenerKeys) {
    own.values.try_emplace("listener." + std::string(key),
                           SettingValue{default_of(key), table.source});
  }
  ConfigReader reader(own, mistakes);
  MqttListener listener;
  std::optional<net::ListenAddress> address;
  const size_t mistakes_before = mistakes.size();
  reader.read("listener.address", parse_address, address);
  if (!address && mistakes.size() == mistakes_before)
    reader.note("listener.address", "got none, wanted host:port or unix:/path");
  reader.read("listener.transport", parse_is_websocket, listener.is_websocket);
  reader.read("listener.tls_certificate_as_user", parse_boolean, listener.certificate_as_user);
  reader.read("listener.proxy_protocol", parse_boolean, listener.proxy_protocol);
  read_access(reader, table, config, listener);
  read_limits(reader, table, config.broker, listener);
  auto tls = read_tls(reader, "listener", config);
  if (tls == nullptr && !table.more_certificates.empty())
    reader.note("listener.tls_certificate", "goes together with tls_certificates");
  if (tls != nullptr) {
    auto with_more = std::make_shared<net::TlsServerOptions>(*tls);
    with_more->settings = table.source + ": listener.";
    for (const auto& pair : table.more_certificates) with_more->certificates.push_back(pair);
    listener.tls = std::move(with_more);
  }
  if (!address) return;
  listener.address = *address;
  listener.place = reader.place("listener.address");
  listener.name = reader.raw("listener.name").value;
  if (listener.name.empty()) {
    const auto given = table.values.find("listener.address");
    listener.name = "listener " + given->second.value;
  }
  config.mqtt_listeners.push_back(std::move(listener));
}

// Whether the system would refuse the second of them. Names that it would look up are not looked
// up.
bool exclude_each_other(const net::ListenAddress& a, const net::ListenAddress& b) {
  if (!a.path.empty() || !b.path.empty()) return a.path == b.path;
  if (a.port != b.port || a.port == 0) return false;
  auto is_everything = [](const std::string& host) { return host.empty() || host == "::"; };
  if (a.host == b.host || is_everything(a.host) || is_everything(b.host)) return true;
  auto is_v4 = [](const std::string& host) {
    return host.find_first_not_of("0123456789.") == host.npos;
  };
  return (a.host == "0.0.0.0" && is_v4(b.host)) || (b.host == "0.0.0.0" && is_v4(a.host));
}

// Told of the later one, or of the one that is not by default where it is.
void check_all_differ(const ConfigReader& reader, const Config& config,
                      std::vector<std::string>& mistakes) {
  MqttListener http;
  http.name = "http.listen";
  http.address = config.http_listen;
  http.place = reader.place_if_given(http.name);
  std::vector<const MqttListener*> before{&http};
  for (const MqttListener& listener : config.mqtt_listeners) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const MqttListener* other) {
      return exclude_each_other(listener.address, other->address);
    });
    if (same != before.end()) {
      const bool is_default = listener.place.empty();
      mistakes.push_back(fmt::format("{}: the address is taken by {}",
                                     is_default ? (*same)->place : listener.place,
                                     is_default ? listener.name : (*same)->name));
    }
    before.push_back(&listener);
  }
}

}  // namespace

std::span<const std::string_view> listener_keys() { return kListenerKeys; }

void read_listeners(ConfigReader& reader, const std::vector<ListenerTable>& tables, Config& config,
                    std::vector<std::string>& mistakes) {
  read_http_tls(reader, config);
  read_simple(reader, config);
  for (const ListenerTable& table : tables) read_table(table, config, mistakes);
  check_all_differ(reader, config, mistakes);
}

std::string_view transport_of(const MqttListener& listener) {
  if (listener.is_websocket) return listener.tls == nullptr ? "ws" : "wss";
  if (!listener.address.path.empty()) return "unix";
  return listener.tls == nullptr ? "tcp" : "tls";
}

}  // namespace weir::server
