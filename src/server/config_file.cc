#include "server/config_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <span>

#include <toml++/toml.h>

#include "base/closest_name.h"
#include "server/config_listeners.h"

namespace weir::server {
namespace {

std::string place(std::string_view name, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", name, region.begin.line, region.begin.column);
}

bool is_known(std::string_view key) {
  for (const Setting& setting : all_settings()) {
    if (setting.key == key) return true;
  }
  return false;
}

Result<std::string> scalar_text(const toml::node& node, std::string_view key,
                                const std::string& where) {
  if (auto text = node.value_exact<std::string>()) return *text;
  if (auto number = node.value_exact<int64_t>()) return fmt::format("{}", *number);
  if (auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  if (auto boolean = node.value_exact<bool>()) return std::string(*boolean ? "true" : "false");
  return Error{Errc::invalid,
               fmt::format("{}: `{}` wants one string, number or boolean", where, key)};
}

// Settings that are lists: one text a line, the last line ended as well.
Result<std::string> list_text(const toml::array& list, std::string_view key,
                              const std::string& where) {
  std::string lines;
  for (const toml::node& node : list) {
    auto text = node.value_exact<std::string>();
    if (!text) {
      return Error{Errc::invalid, fmt::format("{}: `{}` wants a list of strings", where, key)};
    }
    lines += *text + "\n";
  }
  return lines;
}

Result<std::string> value_text(const toml::node& node, std::string_view key,
                               const std::string& where) {
  const toml::array* list = node.as_array();
  const bool may_be_list = key.ends_with("topics") || key == "query.allowed_hosts";
  if (list != nullptr && may_be_list) return list_text(*list, key, where);
  return scalar_text(node, key, where);
}

// What it says is then taken for the key that was meant, so that this is not told missing as well.
void note_unknown_key(const toml::node& node, std::string_view key, const std::string& where,
                      std::string_view table, std::span<const std::string_view> known,
                      std::map<std::string, SettingValue, std::less<>>& values,
                      FileSettings& settings) {
  const std::string_view meant = closest_name(key, {known.begin(), known.end()});
  settings.mistakes.push_back(
      fmt::format("{}: unknown key `{}` of [[{}]]{}", where, key, table, did_you_mean(meant)));
  if (meant.empty()) return;
  if (auto text = value_text(node, meant, where); text.ok()) {
    values.try_emplace(fmt::format("{}.{}", table, meant),
                       SettingValue{std::move(text).value(), where});
  }
}

// tls_certificates = [{certificate = "a.crt", key = "a.key"}, ...]
bool read_certificates(const toml::node& node, ListenerTable& listener) {
  const toml::array* pairs = node.as_array();
  if (pairs == nullptr) return false;
  for (const toml::node& one : *pairs) {
    const toml::table* pair = one.as_table();
    if (pair == nullptr || pair->size() != 2) return false;
    auto certificate = (*pair)["certificate"].value_exact<std::string>();
    auto key = (*pair)["key"].value_exact<std::string>();
    if (!certificate || !key) return false;
    listener.more_certificates.push_back({*certificate, *key});
  }
  return true;
}

void read_listener(const toml::table& table, std::string_view name, FileSettings& settings) {
  ListenerTable listener;
  listener.source = place(name, table.source());
  for (const auto& [key_node, node] : table) {
    const std::string key(key_node.str());
    const std::string where = place(name, key_node.source());
    const auto known = listener_keys();
    if (key == "tls_certificates") {
      if (!read_certificates(node, listener)) {
        settings.mistakes.push_back(
            where + ": `tls_certificates` wants [{certificate = FILE, key = FILE}, ...]");
      }
    } else if (std::find(known.begin(), known.end(), key) == known.end()) {
      note_unknown_key(node, key, where, "listener", known, listener.values, settings);
    } else if (auto text = scalar_text(node, key, where); text.ok()) {
      listener.values["listener." + key] = SettingValue{std::move(text).value(), where};
    } else {
      settings.mistakes.push_back(text.error().message);
    }
  }
  settings.listeners.push_back(std::move(listener));
}

void read_listeners(const toml::node& node, const std::string& where, std::string_view name,
                    FileSettings& settings) {
  const toml::array* tables = node.as_array();
  if (tables == nullptr || !tables->is_homogeneous(toml::node_type::table)) {
    settings.mistakes.push_back(where + ": `listener` wants tables: [[listener]]");
    return;
  }
  for (const toml::node& table : *tables) read_listener(*table.as_table(), name, settings);
}

void read_bridge(const toml::table& table, std::string_view name, FileSettings& settings) {
  BridgeTable bridge;
  bridge.source = place(name, table.source());
  const auto known = bridge_keys();
  for (const auto& [key_node, node] : table) {
    const std::string key(key_node.str());
    const std::string where = place(name, key_node.source());
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      note_unknown_key(node, key, where, "bridge", known, bridge.values, settings);
    } else if (auto text = value_text(node, key, where); text.ok()) {
      bridge.values["bridge." + key] = SettingValue{std::move(text).value(), where};
    } else {
      settings.mistakes.push_back(text.error().message);
    }
  }
  settings.bridges.push_back(std::move(bridge));
}

void read_bridges(const toml::node& node, const std::string& where, std::string_view name,
                  FileSettings& settings) {
  const toml::array* tables = node.as_array();
  if (tables == nullptr || !tables->is_homogeneous(toml::node_type::table)) {
    settings.mistakes.push_back(where + ": `bridge` wants tables: [[bridge]]");
    return;
  }
  for (const toml::node& table : *tables) read_bridge(*table.as_table(), name, settings);
}

void flatten(const toml::table& table, const std::string& prefix, std::string_view name,
             FileSettings& settings) {
  for (const auto& [key_node, node] : table) {
    std::string key = prefix + std::string(key_node.str());
    if (prefix.empty() && (key == "auto" || key == "map")) continue;
    std::string where = place(name, key_node.source());
    if (prefix.empty() && key == "listener") {
      read_listeners(node, where, name, settings);
      continue;
    }
    if (prefix.empty() && key == "bridge") {
      read_bridges(node, where, name, settings);
      continue;
    }
    if (const toml::table* inner = node.as_table()) {
      flatten(*inner, key + ".", name, settings);
    } else if (!is_known(key)) {
      settings.mistakes.push_back(where + ": " + unknown_setting(key));
    } else if (auto text = value_text(node, key, where); text.ok()) {
      settings.values[key] = SettingValue{std::move(text).value(), where};
    } else {
      settings.mistakes.push_back(text.error().message);
    }
  }
}

}  // namespace

Result<FileSettings> parse_config_file(std::string_view text, std::string_view name) {
  toml::table table;
  try {
    table = toml::parse(text, name);
  } catch (const toml::parse_error& wrong) {
    return Error{Errc::invalid,
                 fmt::format("{}: {}", place(name, wrong.source()), wrong.description())};
  }
  FileSettings settings;
  flatten(table, "", name, settings);
  return settings;
}

}  // namespace weir::server
