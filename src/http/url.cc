#include "http/url.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "http/text.h"

namespace weir::http {
namespace {

constexpr std::string_view kPlain = "http://", kTls = "https://";

bool starts_with(std::string_view text, std::string_view scheme) {
  return equal_ignoring_case(text.substr(0, scheme.size()), scheme);
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// Letters, digits and such, or an IPv6 address in brackets: nothing that another reader of the
// same text might take for the end of the host.
std::string host_of(std::string_view text) {
  std::string host(text);
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    const bool is_address = host.find_first_not_of("0123456789abcdef:.") == std::string::npos &&
                            host.find(':') != std::string::npos;
    return is_address ? host : std::string();
  }
  return std::all_of(host.begin(), host.end(), is_host_character) ? host : std::string();
}

}  // namespace

std::string Url::text() const {
  return fmt::format("{}{}{}", tls ? kTls : kPlain, authority, target);
}

Result<Url> parse_url(std::string_view text) {
  auto wrong = [&](std::string_view why) {
    return Error{Errc::invalid, fmt::format("URL: got \"{}\", {}", text, why)};
  };
  Url url;
  url.tls = starts_with(text, kTls);
  if (!url.tls && !starts_with(text, kPlain))
    return wrong("wanted http://host[:port]/path or https://");
  url.port = url.tls ? 443 : 80;
  const std::string_view rest = text.substr(url.tls ? kTls.size() : kPlain.size());
  const size_t path_at = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, path_at);
  std::string_view path = rest.substr(path_at);
  path = path.substr(0, path.find('#'));

  url.authority = authority;
  url.target = path.starts_with('/') ? std::string(path) : "/" + std::string(path);
  if (authority.find('@') != std::string_view::npos)
    return wrong("wanted no user name: send an Authorization header");
  // A colon behind the bracket of an IPv6 address, if there is one.
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  url.host = host_of(authority.substr(0, colon));
  if (url.host.empty()) return wrong("wanted a host");
  if (colon == std::string_view::npos) return url;
  const std::string_view port = authority.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (error != std::errc() || end != port.data() + port.size() || url.port == 0)
    return wrong("wanted a port from 1 to 65535");
  return url;
}

Result<Url> resolve_url(const Url& base, std::string_view location) {
  const std::string_view scheme = base.tls ? kTls : kPlain;
  if (starts_with(location, kPlain) || starts_with(location, kTls)) return parse_url(location);
  if (location.starts_with("//")) return parse_url(fmt::format("{}{}", scheme, location.substr(2)));
  if (location.starts_with('/'))
    return parse_url(fmt::format("{}{}{}", scheme, base.authority, location));
  const std::string_view path = std::string_view(base.target).substr(0, base.target.find('?'));
  const std::string_view kept =
      location.starts_with('?') ? path : path.substr(0, path.rfind('/') + 1);
  return parse_url(fmt::format("{}{}{}{}", scheme, base.authority, kept, location));
}

}  // namespace weir::http
