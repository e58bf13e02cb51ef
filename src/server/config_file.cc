#include "server/config_file.h"

#include <fmt/core.h>

#include <toml++/toml.h>

#include "base/closest_name.h"

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

Error unknown_key(std::string_view key, const std::string& where) {
  std::vector<std::string_view> keys;
  for (const Setting& setting : all_settings()) keys.push_back(setting.key);
  std::string_view meant = closest_name(key, keys);
  return Error{
      Errc::invalid,
      fmt::format("{}: unknown setting `{}`{}", where, key,
                  meant.empty() ? std::string() : fmt::format("; did you mean `{}`?", meant))};
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

Result<void> flatten(const toml::table& table, const std::string& prefix, std::string_view name,
                     std::map<std::string, SettingValue, std::less<>>& settings) {
  for (const auto& [key_node, node] : table) {
    std::string key = prefix + std::string(key_node.str());
    if (prefix.empty() && (key == "auto" || key == "map")) continue;
    std::string where = place(name, key_node.source());
    if (const toml::table* inner = node.as_table()) {
      WEIR_CHECK(flatten(*inner, key + ".", name, settings));
      continue;
    }
    if (!is_known(key)) return unknown_key(key, where);
    WEIR_TRY(std::string text, scalar_text(node, key, where));
    settings[key] = SettingValue{text, where};
  }
  return {};
}

}  // namespace

Result<std::map<std::string, SettingValue, std::less<>>> parse_config_file(std::string_view text,
                                                                           std::string_view name) {
  toml::table table;
  try {
    table = toml::parse(text, name);
  } catch (const toml::parse_error& wrong) {
    return Error{Errc::invalid,
                 fmt::format("{}: {}", place(name, wrong.source()), wrong.description())};
  }
  std::map<std::string, SettingValue, std::less<>> settings;
  WEIR_CHECK(flatten(table, "", name, settings));
  return settings;
}

}  // namespace weir::server
