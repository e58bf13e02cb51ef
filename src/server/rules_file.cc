#include "server/rules_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace weir::server {
namespace {

size_t line_of(std::string_view mistake) {
  size_t line = 0;
  std::from_chars(mistake.data(), mistake.data() + mistake.size(), line);
  return line;
}

}  // namespace

Result<std::shared_ptr<const ingest::RuleSet>> parse_rules_file(std::string_view text,
                                                                std::string_view name) {
  auto rules = ingest::RuleSet::parse(text, ingest::OtherTables::ignore);
  if (rules.ok()) return rules;
  std::vector<std::string_view> mistakes;
  std::string_view rest = rules.error().message;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    mistakes.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](std::string_view a, std::string_view b) { return line_of(a) < line_of(b); });
  std::string message;
  for (std::string_view mistake : mistakes) {
    message += fmt::format("{}{}:{}", message.empty() ? "" : "\n", name, mistake);
  }
  return Error{Errc::invalid, std::move(message)};
}

}  // namespace weir::server
