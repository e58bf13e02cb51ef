// The TCP stream: a connected socket as a Stream (net/stream.h says how it behaves).
//
// A connection that the peer has reset ends with Errc::unavailable, as does a write to one; what
// else fails ends with Errc::io.
// Internal to net/: listener and dial make streams of descriptors with this.
#pragma once

#include <sys/socket.h>

#include "net/loop_thread.h"
#include "net/stream.h"

namespace weir::net {

// Takes a connected, non-blocking descriptor over. On the loop's thread.
std::unique_ptr<Stream> make_tcp_stream(LoopThread& loop, int fd, Peer peer);

// The numeric form of a socket address; an IPv4 address mapped into IPv6 reads as IPv4.
Peer peer_of(const sockaddr_storage& address);

}  // namespace weir::net
