// TLS over a BlockingSocket, on the client's side: for callers that have a thread to wait on.
//
// Connected means that the server has shown a certificate for `host` that the context trusts.
// Errors as of the socket, Errc::unavailable with the server's name; a handshake that fails tells
// why and the remedy. The end of the connection without TLS's own farewell counts as an end:
// protocols that care delimit their messages. Never on an io thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/blocking_socket.h"
#include "net/tls_context.h"

namespace weir::net {

class BlockingTls {
 public:
  static Result<BlockingTls> connect(BlockingSocket socket,
                                     std::shared_ptr<const TlsContext> context,
                                     const std::string& host, int64_t timeout_ms);
  BlockingTls(BlockingTls&&) noexcept;
  ~BlockingTls();

  Result<void> send_all(std::string_view bytes, int64_t timeout_ms);
  // At least one byte appended to `out`, or 0 at the end of the stream.
  Result<size_t> receive(std::string& out, int64_t timeout_ms);
  // Whether receive() has something to read, or the end, by then.
  Result<bool> wait_readable(int64_t timeout_ms);

 private:
  struct State;
  explicit BlockingTls(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir::net
