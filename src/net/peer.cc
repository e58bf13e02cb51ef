// Peer: addresses as text.
#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>

#include <cstring>

#include "net/tcp_stream.h"

namespace weir::net {

Peer peer_of(const sockaddr_storage& address) {
  Peer peer;
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof(v4));
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    peer.port = ntohs(v4.sin_port);
    peer.is_loopback = (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof(v6));
    peer.port = ntohs(v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      const uint8_t* v4 = v6.sin6_addr.s6_addr + 12;
      ::inet_ntop(AF_INET, v4, text, sizeof(text));
      peer.is_loopback = v4[0] == 127;
    } else {
      ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
      peer.is_loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    }
  }
  peer.address = text;
  return peer;
}

std::string Peer::text() const {
  if (address.starts_with("unix:")) return address;
  const bool is_v6 = address.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

}  // namespace weir::net
