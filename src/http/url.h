// The address of a request: http://host[:port][/path][?query], or https://.
//
// Used by the client and by those who decide where it may go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::http {

struct Url {
  bool tls = false;
  std::string host;  // in small letters; an IPv6 address without its brackets
  uint16_t port = 80;
  std::string authority;  // for the Host header: "[::1]:8086"
  std::string target;     // path and query, at least "/"; the fragment stays with the client

  std::string text() const;
};

// Errc::invalid, with what was wanted. User names in addresses are refused.
Result<Url> parse_url(std::string_view text);
// What a Location header at `base` means (RFC 3986 §4.2).
Result<Url> resolve_url(const Url& base, std::string_view location);

}  // namespace weir::http
