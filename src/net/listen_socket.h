// The descriptors that listeners accept on: bound to a TCP address, or to a path (unix socket).
//
// Internal to net/. Errors name the address and the system's reason ("127.0.0.1:1883: address
// already in use").
#pragma once

#include "net/listener.h"

namespace weir::net {

struct ListenSocket {
  int fd = -1;
  Peer bound;                // with the port that was taken
  uint64_t file_number = 0;  // of a unix socket's file
};
Result<ListenSocket> open_listen_socket(const ListenAddress& address);
// At the end: the socket's file, unless it is another's by now.
void remove_listen_file(const ListenAddress& address, uint64_t file_number);

// Who connects to a unix socket has no address; it is on this machine.
Peer unix_peer(const std::string& path);

}  // namespace weir::net
