// The PROXY protocol: what a proxy writes ahead of a connection to say whose connection it is.
//
// Version 2 (binary) and version 1 (one line of text), as HAProxy, nginx, Envoy and the load
// balancers of clouds send them. Pure: bytes in, answer out. Specification: HAProxy's
// doc/proxy-protocol.txt.
#pragma once

#include <cstddef>
#include <string_view>

#include "net/stream.h"

namespace weir::net {

// Headers are some hundred bytes, a certificate among them some thousand; the format allows 64 KiB.
inline constexpr size_t kProxyHeaderBytesMax = 16 * 1024;

struct ProxyHeader {
  enum class Status { incomplete, complete, malformed };
  Status status = Status::incomplete;
  // How many of the bytes are the header's: all of it, or for sure what there is of it.
  size_t size_bytes = 0;
  // Of a complete one: the client, as the proxy tells. A proxy that speaks for itself (a health
  // check) is `connected`; one that does not tell the client's address is too, but then not as
  // somebody on this machine.
  Peer peer;
  std::string_view problem;  // of a malformed one; static text
};

// `connected`: who has connected, which is the proxy.
ProxyHeader parse_proxy_header(std::string_view bytes, const Peer& connected);

}  // namespace weir::net
