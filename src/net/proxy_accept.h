// Takes the PROXY header off a connection that was accepted, before it becomes a stream.
//
// Internal to net/; the listener uses it, on the connection's own loop. Nothing behind the header
// is read. A connection that does not begin with one, or takes longer than kProxyHeaderMsMax to
// send it, is logged and closed.
#pragma once

#include <functional>

#include "net/loop_thread.h"
#include "net/stream.h"

namespace weir::net {

// A proxy sends its header with the connection: later than this it has lost it.
inline constexpr int64_t kProxyHeaderMsMax = 5'000;

// Takes the descriptor over and gives it to `done`, with the peer that the header tells.
void read_proxy_header(LoopThread& loop, int fd, Peer connected,
                       std::function<void(int fd, Peer peer)> done);

}  // namespace weir::net
