#include "server/config_link.h"

#include <algorithm>
#include <array>
#include <set>

#include "mqtt/bridge_topics.h"
#include "mqtt/topic.h"
#include "server/config_reader.h"

namespace weir::server {
namespace {

constexpr std::array<std::string_view, 18> kBridgeKeys{
    "name",     "url",      "topics",     "client_id",       "user",         "password",
    "token",    "version",  "clean",      "session_expiry",  "ca_file",      "certificate_file",
    "key_file", "insecure", "keep_alive", "receive_maximum", "status_topic", "remote_status_topic"};

// What a [[bridge]] leaves out; the options it shares with [broker] have that one's defaults.
std::string_view default_of(std::string_view key) {
  if (key == "status_topic") return "$SYS/broker/connection/NAME/state";
  if (key == "topics") return {};  // a bridge has to say what it copies
  for (const Setting& setting : all_settings()) {
    if (setting.key.starts_with("broker.") && setting.key.substr(7) == key) return setting.initial;
  }
  return {};
}

// It becomes part of topics and of a file's name.
bool is_valid_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == name.npos;
}

Result<int> parse_version(std::string_view text) {
  if (text == "auto") return 0;
  if (text == "4" || text == "3.1.1" || text == "311") return 4;
  if (text == "5" || text == "5.0") return 5;
  return Error{Errc::invalid, fmt::format("got `{}`, wanted 4 (MQTT 3.1.1), 5 or auto", text)};
}

// MQTT 5 counts whole seconds; UINT32_MAX is for ever (§3.1.2.11.2).
Result<uint32_t> parse_expiry(std::string_view text) {
  if (text == "infinite") return UINT32_MAX;
  WEIR_TRY(int64_t ns, parse_duration_ns(text));
  return static_cast<uint32_t>(std::min<int64_t>(ns / 1'000'000'000, UINT32_MAX));
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Of "$share/NAME/FILTER" the filter.
bool is_valid_subscription(std::string_view topic) {
  if (topic.starts_with("$share/")) {
    const size_t slash = topic.find('/', 7);
    if (slash == topic.npos || slash == 7) return false;
    if (topic.substr(7, slash - 7).find_first_of("+#") != topic.npos) return false;
    topic.remove_prefix(slash + 1);
  }
  return mqtt::is_valid_topic_filter(topic);
}

}  // namespace

std::vector<std::string> parse_topic_list(std::string_view text) {
  const char separator = text.find('\n') == text.npos ? ',' : '\n';
  std::vector<std::string> topics;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (std::string_view topic = trimmed(text.substr(0, end)); !topic.empty()) {
      topics.emplace_back(topic);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return topics;
}

void read_broker_link(ConfigReader& reader, std::string_view prefix, BrokerLink& out) {
  auto key = [&](std::string_view name) { return std::string(prefix).append(name); };
  auto text = [&](std::string_view name) -> const std::string& {
    return reader.raw(key(name)).value;
  };
  reader.read(key("url"), parse_broker_url, out.url);
  out.client_id = text("client_id");
  out.user = out.url.user;
  out.password = out.url.password;
  if (!text("user").empty()) out.user = text("user");
  if (!text("password").empty()) out.password = text("password");
  if (!text("token").empty()) {
    if (!text("password").empty()) reader.note(key("token"), "given beside a password");
    out.password = text("token");
  }
  reader.read(key("version"), parse_version, out.version);
  reader.read(key("clean"), parse_boolean, out.clean);
  reader.read(key("session_expiry"), parse_expiry, out.session_expiry_s);
  out.ca_file = text("ca_file");
  out.certificate_file = text("certificate_file");
  out.key_file = text("key_file");
  if (out.certificate_file.empty() != out.key_file.empty()) {
    reader.note(key("certificate_file"), "wants key_file beside it, and the other way round");
  }
  reader.read(key("insecure"), parse_boolean, out.insecure);
  reader.number(key("keep_alive"), 0, 65535, out.keep_alive_s);
  reader.number(key("receive_maximum"), 1, 65535, out.receive_maximum);
}

void read_external_broker(ConfigReader& reader, ExternalBroker& out) {
  out.link.name = "broker";
  read_broker_link(reader, "broker.", out.link);
  out.topics = parse_topic_list(reader.raw("broker.topics").value);
  if (out.topics.empty()) reader.note("broker.topics", "got none, wanted a topic filter");
  for (const std::string& topic : out.topics) {
    if (is_valid_subscription(topic)) continue;
    reader.note("broker.topics", fmt::format("got `{}`, wanted a topic filter", topic));
  }
  reader.number("broker.qos", 0, 2, out.qos);
}

std::span<const std::string_view> bridge_keys() { return kBridgeKeys; }

namespace {

std::string status_topic(ConfigReader& reader, std::string_view key, const std::string& name) {
  std::string topic = reader.raw(key).value;
  if (const size_t at = topic.find("NAME"); at != topic.npos) topic.replace(at, 4, name);
  if (!topic.empty() && !mqtt::is_valid_topic_name(topic)) {
    reader.note(key, fmt::format("got `{}`, wanted a topic without wildcards", topic));
  }
  return topic;
}

BridgeConfig read_bridge(const BridgeTable& table, std::vector<std::string>& mistakes) {
  // The same readers as for the settings, over the table's own values.
  Config own;
  own.values = table.values;
  for (const std::string_view key : kBridgeKeys) {
    own.values.try_emplace("bridge." + std::string(key),
                           SettingValue{std::string(default_of(key)), table.source});
  }
  ConfigReader reader(own, mistakes);
  BridgeConfig bridge;
  bridge.name = reader.raw("bridge.name").value;
  if (!is_valid_name(bridge.name)) {
    reader.note("bridge.name",
                fmt::format("got `{}`, wanted letters, digits, - and _, at most 64", bridge.name));
  }
  bridge.link.name = "bridge " + bridge.name;
  read_broker_link(reader, "bridge.", bridge.link);
  bridge.topics = parse_topic_list(reader.raw("bridge.topics").value);
  if (bridge.topics.empty())
    reader.note("bridge.topics", "got none, wanted [\"out|in|both FILTER ...\"]");
  for (const std::string& line : bridge.topics) {
    auto topic = mqtt::parse_bridge_topic(line);
    if (!topic.ok()) reader.note("bridge.topics", topic.error().message);
  }
  bridge.status_topic = status_topic(reader, "bridge.status_topic", bridge.name);
  bridge.remote_status_topic = status_topic(reader, "bridge.remote_status_topic", bridge.name);
  return bridge;
}

}  // namespace

void read_bridges(const std::vector<BridgeTable>& tables, std::vector<BridgeConfig>& out,
                  std::vector<std::string>& mistakes) {
  std::set<std::string> names;
  for (const BridgeTable& table : tables) {
    out.push_back(read_bridge(table, mistakes));
    if (!names.insert(out.back().name).second) {
      mistakes.push_back(
          fmt::format("{}: two bridges are called `{}`", table.source, out.back().name));
    }
  }
}

}  // namespace weir::server
