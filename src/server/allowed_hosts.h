// The hosts that queries may reach: `query.allowed_hosts`.
//
// Patterns: `host`, `host:port`, `*.example.org` (any name below it), `*` (any host), each with or
// without a port; without one, any port. An IPv6 address with a port stands in brackets. Immutable;
// any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::server {

class AllowedHosts {
 public:
  AllowedHosts() = default;  // none
  // Patterns with commas between, or one a line.
  static Result<AllowedHosts> parse(std::string_view text);
  // Errc::forbidden, naming the setting, unless a pattern fits.
  Result<void> check(std::string_view host, uint16_t port) const;

 private:
  struct Pattern {
    std::string host;   // in small letters; "*", "*.example.org"
    uint16_t port = 0;  // 0: any
  };
  std::vector<Pattern> patterns_;
};

}  // namespace weir::server
