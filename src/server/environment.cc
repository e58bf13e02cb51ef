#include "server/environment.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"

namespace weir::server {
namespace {

std::string_view trim(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (char c : text) {
    if (!isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

// The value as the shell tools that read .env files take it: quotes removed, a comment behind an
// unquoted value cut.
Result<std::string> unquote(std::string_view text) {
  if (text.empty()) return std::string();
  char quote = text[0];
  if (quote != '"' && quote != '\'') {
    if (size_t comment = text.find(" #"); comment != text.npos)
      text = trim(text.substr(0, comment));
    return std::string(text);
  }
  std::string value;
  for (size_t i = 1; i < text.size(); i++) {
    if (text[i] == quote) return value;
    if (quote == '"' && text[i] == '\\' && i + 1 < text.size()) {
      char escaped = text[++i];
      value += escaped == 'n' ? '\n' : escaped;
    } else {
      value += text[i];
    }
  }
  return Error{Errc::invalid, fmt::format("the quote {} is never closed", quote)};
}

}  // namespace

Result<Environment> Environment::load(const std::string& dotenv_path) {
  if (!system_file_system().exists(dotenv_path)) return Environment();
  WEIR_TRY(std::string text, system_file_system().read(dotenv_path));
  return parse(text, dotenv_path);
}

Result<Environment> Environment::parse(std::string_view text, std::string_view name) {
  Environment environment;
  size_t line_number = 0;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = trim(text.substr(0, end));
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    line_number++;
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));
    size_t equals = line.find('=');
    std::string_view key = trim(line.substr(0, equals));
    std::string source = fmt::format("{}:{}", name, line_number);
    if (equals == line.npos || !is_name(key)) {
      return Error{Errc::invalid, fmt::format("{}: wanted NAME=value, got `{}`", source, line)};
    }
    auto value = unquote(trim(line.substr(equals + 1)));
    if (!value.ok()) return std::move(value).error().with_context(source);
    environment.file_.insert_or_assign(std::string(key),
                                       EnvironmentValue{std::move(value).value(), source});
  }
  return environment;
}

std::optional<EnvironmentValue> Environment::get(std::string_view name) const {
  if (const char* value = std::getenv(std::string(name).c_str())) {
    return EnvironmentValue{value, "environment"};
  }
  if (auto found = file_.find(name); found != file_.end()) return found->second;
  return std::nullopt;
}

std::optional<EnvironmentValue> Environment::first_of(
    std::initializer_list<std::string_view> names) const {
  for (std::string_view name : names) {
    if (auto value = get(name); value && !value->value.empty()) return value;
  }
  return std::nullopt;
}

std::map<std::string, std::string> Environment::names_with(std::string_view prefix) const {
  std::map<std::string, std::string> names;
  for (const auto& [name, value] : file_) {
    if (name.starts_with(prefix)) names[name] = value.source;
  }
  for (char** entry = environ; *entry != nullptr; entry++) {
    std::string_view text(*entry);
    if (text.starts_with(prefix))
      names[std::string(text.substr(0, text.find('=')))] = "environment";
  }
  return names;
}

}  // namespace weir::server
