// Listener: accepts connections, on a TCP port or a unix socket, and hands each to an io thread as
// a Stream.
//
// What a connection is wrapped in is the listener's business: a PROXY header (net/proxy_protocol.h)
// is taken off before the stream is handed on, with the peer it names; TLS begins with the stream.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/stream.h"

namespace weir::net {

class TlsServer;

// "127.0.0.1:1883", "[::1]:0", ":8086" (all addresses). Port 0 takes a free one. "unix:/path" is a
// unix socket; a socket's file that nobody listens on any more is replaced.
struct ListenAddress {
  std::string host;
  uint16_t port = 0;
  std::string path = {};  // not empty: a unix socket
};
Result<ListenAddress> parse_listen_address(std::string_view text);

struct ListenOptions {
  std::shared_ptr<const TlsServer> tls = nullptr;  // set: connections begin with a TLS handshake
  // Connections come through a proxy that tells the client's address, and must begin with it.
  bool proxy_protocol = false;
};

class Listener {
 public:
  // `accept` runs on the io thread that owns the new stream. Errors name the address and the
  // system's reason ("127.0.0.1:1883: address already in use").
  static Result<std::unique_ptr<Listener>> open(IoThreads& threads, const ListenAddress& address,
                                                std::function<void(std::unique_ptr<Stream>)> accept,
                                                ListenOptions options = {});
  virtual ~Listener() = default;
  virtual uint16_t port() const = 0;        // the one taken
  virtual std::string address() const = 0;  // "127.0.0.1:1883", "unix:/run/weir.sock"
  virtual void stop() = 0;                  // no new connections; any thread
};

// Whether all of these could be listened on together, one answer for each: opens them and closes
// them again. Port 0 and unix sockets are passed over.
std::vector<Result<void>> try_listening(const std::vector<ListenAddress>& addresses);

// Connects (name resolution off the io thread); `done` runs on `thread`. Errors name host, port and
// the system's reason: Errc::not_found if the host's name has no address, else Errc::unavailable.
void dial(IoThread& thread, const std::string& host, uint16_t port, int64_t timeout_ms,
          std::function<void(Result<std::unique_ptr<Stream>>)> done);

}  // namespace weir::net
