#include "server/config_file.h"

#include <fmt/core.h>

#include <toml++/toml.h>

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

void flatten(const toml::table& table, const std::string& prefix, std::string_view name,
             FileSettings& settings) {
  for (const auto& [key_node, node] : table) {
    std::string key = prefix + std::string(key_node.str());
    if (prefix.empty() && (key == "auto" || key == "map")) continue;
    std::string where = place(name, key_node.source());
    if (const toml::table* inner = node.as_table()) {
      flatten(*inner, key + ".", name, settings);
    } else if (!is_known(key)) {
      settings.mistakes.push_back(where + ": " + unknown_setting(key));
    } else if (auto text = scalar_text(node, key, where); text.ok()) {
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
