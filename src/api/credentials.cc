#include "api/credentials.h"

#include <algorithm>

#include "base/base64.h"
#include "http/text.h"

namespace weir::api {
namespace {

using http::equal_ignoring_case;
using http::trimmed;

// The scheme and what follows it.
std::pair<std::string_view, std::string_view> authorization_of(const http::Request& request) {
  const std::string_view header = trimmed(request.headers.get("Authorization"));
  const size_t space = header.find(' ');
  if (space == header.npos) return {header, {}};
  return {header.substr(0, space), trimmed(header.substr(space + 1))};
}

}  // namespace

std::optional<Credentials> basic_credentials(const http::Request& request) {
  const auto [scheme, value] = authorization_of(request);
  if (!equal_ignoring_case(scheme, "Basic")) return std::nullopt;
  const std::optional<std::string> decoded = decode_base64(value);
  if (!decoded.has_value()) return std::nullopt;
  const size_t colon = decoded->find(':');
  if (colon == decoded->npos) return std::nullopt;
  Credentials credentials;
  credentials.kind = Credentials::Kind::password;
  credentials.user = decoded->substr(0, colon);
  credentials.password = decoded->substr(colon + 1);
  return credentials;
}

std::string_view session_cookie(const http::Request& request) {
  for (const auto& [name, value] : request.headers.all()) {
    if (!equal_ignoring_case(name, "Cookie")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view cookie = trimmed(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const size_t equals = cookie.find('=');
      if (equals != cookie.npos && cookie.substr(0, equals) == kSessionCookie)
        return cookie.substr(equals + 1);
    }
  }
  return {};
}

Credentials credentials_of(const http::Request& request) {
  if (std::optional<Credentials> basic = basic_credentials(request)) return *std::move(basic);
  Credentials credentials;
  const auto [scheme, value] = authorization_of(request);
  if (equal_ignoring_case(scheme, "Token") || equal_ignoring_case(scheme, "Bearer")) {
    credentials.kind = Credentials::Kind::token;
    credentials.token = value;
    if (const size_t colon = value.find(':'); colon != value.npos) {
      credentials.user = value.substr(0, colon);
      credentials.password = value.substr(colon + 1);
    }
    return credentials;
  }
  if (request.path == "/write" && request.query.has("u")) {
    credentials.kind = Credentials::Kind::password;
    credentials.user = request.query.get("u");
    credentials.password = request.query.get("p");
    return credentials;
  }
  if (const std::string_view key = session_cookie(request); !key.empty()) {
    credentials.kind = Credentials::Kind::session;
    credentials.token = key;
  }
  return credentials;
}

}  // namespace weir::api
