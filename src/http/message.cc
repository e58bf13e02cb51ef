#include "http/message.h"

#include "http/text.h"

namespace weir::http {
namespace {

// The first value under `name`, or null.
const std::string* find(const std::vector<std::pair<std::string, std::string>>& pairs,
                        std::string_view name, bool (*equal)(std::string_view, std::string_view)) {
  for (const auto& [key, value] : pairs)
    if (equal(key, name)) return &value;
  return nullptr;
}

bool equal_exactly(std::string_view a, std::string_view b) { return a == b; }

}  // namespace

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(all_, [&](const auto& pair) { return equal_ignoring_case(pair.first, name); });
  add(name, std::move(value));
}

void Headers::add(std::string_view name, std::string value) {
  all_.emplace_back(std::string(name), std::move(value));
}

std::string_view Headers::get(std::string_view name) const {
  const std::string* value = find(all_, name, equal_ignoring_case);
  return value == nullptr ? std::string_view() : *value;
}

bool Headers::has(std::string_view name) const {
  return find(all_, name, equal_ignoring_case) != nullptr;
}

Parameters Parameters::parse(std::string_view encoded) {
  Parameters parameters;
  while (!encoded.empty()) {
    const size_t end = encoded.find('&');
    const std::string_view pair = encoded.substr(0, end);
    encoded = end == std::string_view::npos ? std::string_view() : encoded.substr(end + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    parameters.all_.emplace_back(percent_decoded(pair.substr(0, equals), true),
                                 percent_decoded(value, true));
  }
  return parameters;
}

std::string_view Parameters::get(std::string_view name) const {
  const std::string* value = find(all_, name, equal_exactly);
  return value == nullptr ? std::string_view() : *value;
}

bool Parameters::has(std::string_view name) const {
  return find(all_, name, equal_exactly) != nullptr;
}

std::string_view Request::path_value(std::string_view name) const {
  const std::string* value = find(path_values, name, equal_exactly);
  return value == nullptr ? std::string_view() : *value;
}

}  // namespace weir::http
