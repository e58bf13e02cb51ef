#include "server/allowed_hosts.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "server/config_link.h"

namespace weir::server {
namespace {

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return small;
}

bool is_host(std::string_view host) {
  if (host == "*") return true;
  if (host.starts_with("*.")) host.remove_prefix(2);
  return !host.empty() &&
         host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._:") == host.npos;
}

bool fits(std::string_view pattern, std::string_view host) {
  if (pattern == "*") return true;
  if (pattern.starts_with("*.")) {
    const std::string_view below = pattern.substr(1);  // with its dot
    return host.size() > below.size() && host.ends_with(below);
  }
  return pattern == host;
}

std::string shown(std::string_view host, uint16_t port) {
  return host.find(':') == host.npos ? fmt::format("{}:{}", host, port)
                                     : fmt::format("[{}]:{}", host, port);
}

}  // namespace

Result<AllowedHosts> AllowedHosts::parse(std::string_view text) {
  AllowedHosts allowed;
  for (const std::string& item : parse_topic_list(text)) {
    const Error wrong{Errc::invalid,
                      fmt::format("got `{}`, wanted host, host:port, *.domain or *, with commas "
                                  "between",
                                  item)};
    Pattern pattern;
    std::string_view host = item, port;
    if (host.starts_with('[')) {
      const size_t end = host.find(']');
      if (end == host.npos) return wrong;
      const std::string_view rest = host.substr(end + 1);
      if (!rest.empty() && !rest.starts_with(':')) return wrong;
      if (!rest.empty()) port = rest.substr(1);
      if (rest == ":") return wrong;
      host = host.substr(1, end - 1);
    } else if (std::count(host.begin(), host.end(), ':') == 1) {
      port = host.substr(host.find(':') + 1);
      host = host.substr(0, host.find(':'));
      if (port.empty()) return wrong;
    }
    if (!port.empty()) {
      const auto [end, error] =
          std::from_chars(port.data(), port.data() + port.size(), pattern.port);
      if (error != std::errc() || end != port.data() + port.size() || pattern.port == 0)
        return wrong;
    }
    pattern.host = in_small_letters(host);
    if (!is_host(pattern.host)) return wrong;
    allowed.patterns_.push_back(std::move(pattern));
  }
  return allowed;
}

Result<void> AllowedHosts::check(std::string_view host, uint16_t port) const {
  const std::string wanted = in_small_letters(host);
  for (const Pattern& pattern : patterns_) {
    if ((pattern.port == 0 || pattern.port == port) && fits(pattern.host, wanted)) return {};
  }
  return Error{Errc::forbidden,
               fmt::format("a query may not reach {}: {}", shown(wanted, port),
                           patterns_.empty() ? "query.allowed_hosts is empty"
                                             : "query.allowed_hosts does not name it")};
}

}  // namespace weir::server
