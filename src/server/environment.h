// The process's environment, with a .env file beneath it.
//
// A variable that is set in the environment wins over the file. Used at start by configuration and
// by the commands that talk to a server. Not for other threads.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::server {

struct EnvironmentValue {
  std::string value;
  std::string source;  // "environment" or ".env:3"
};

class Environment {
 public:
  // Reads `dotenv_path` if it exists; errors name file and line.
  static Result<Environment> load(const std::string& dotenv_path);
  static Result<Environment> parse(std::string_view dotenv_text, std::string_view dotenv_name);

  std::optional<EnvironmentValue> get(std::string_view name) const;
  // The first of several spellings that is set.
  std::optional<EnvironmentValue> first_of(std::initializer_list<std::string_view> names) const;
  // Every variable whose name begins so, with its source.
  std::map<std::string, std::string> names_with(std::string_view prefix) const;

 private:
  std::map<std::string, EnvironmentValue, std::less<>> file_;
};

}  // namespace weir::server
