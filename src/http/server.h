// The HTTP/1.1 server: connections on the io threads, requests to a router.
//
// Keep-alive, pipelined requests answered in order, chunked bodies both ways, gzip both ways,
// `Expect: 100-continue`, limits on head and body, idle and slow-loris time-outs.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/router.h"
#include "net/listener.h"

namespace weir::http {

struct ServerOptions {
  size_t head_bytes_max = 64 * 1024;         // long queries arrive in the URL
  size_t body_bytes_max = 64 * 1024 * 1024;  // after decompression
  // Of all bodies on their way together: what strangers may make the server hold before anybody has
  // asked who they are.
  size_t bodies_bytes_max = 512 * 1024 * 1024;
  size_t websocket_message_bytes_max = 16 * 1024 * 1024;  // all fragments together
  int64_t idle_ms_max = 120'000;
  int64_t request_ms_max = 60'000;  // from the first byte of a request to its last
  // Without a byte of its answer being taken. The worker that writes it waits as long, and a few
  // such clients would keep all workers from everybody else.
  int64_t stalled_ms_max = 30'000;
  size_t connections_max = 10'000;
  net::ListenOptions listen = {};  // https, if it has TLS
};

class Server {
 public:
  // `router` and `threads` outlive the server.
  static Result<std::unique_ptr<Server>> open(net::IoThreads& threads,
                                              const net::ListenAddress& address,
                                              const Router& router, ServerOptions options);
  virtual ~Server() = default;
  virtual uint16_t port() const = 0;
  virtual std::string address() const = 0;
  // Accepts no more, answers what is under way (at most `grace_ms`), closes. Blocks.
  virtual void stop(int64_t grace_ms) = 0;
};

}  // namespace weir::http
