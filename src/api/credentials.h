// How a request says who sends it.
//
// `Authorization: Token T` or `Bearer T` (case of the scheme does not matter), the session cookie,
// `Authorization: Basic` and `Token user:password`, which 1.x clients use against 2.x paths. On
// InfluxDB 1's own paths also `u` and `p` of the query; nowhere else, since addresses are logged.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace weir::api {

inline constexpr std::string_view kSessionCookie = "influxdb-oss-session";

struct Credentials {
  enum class Kind : uint8_t { none, token, session, password } kind = Kind::none;
  std::string token;           // or the session's key
  std::string user, password;  // also set for a token that reads user:password
};

Credentials credentials_of(const http::Request& request);
// The user and password of `Authorization: Basic`, or nothing.
std::optional<Credentials> basic_credentials(const http::Request& request);
// The session cookie's value, or empty.
std::string_view session_cookie(const http::Request& request);

}  // namespace weir::api
