// A connection of somebody who waits: TCP, or TLS over it.
//
// Used by the HTTP client and the MQTT publisher. Errors and limits are those of BlockingSocket
// and BlockingTls. Never on an io thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/blocking_tls.h"

namespace weir::net {

class BlockingConnection {
 public:
  // `tls`: whom to trust, for TLS; null: none. `check` as of BlockingSocket.
  static Result<BlockingConnection> open(const std::string& host, uint16_t port, int64_t timeout_ms,
                                         std::shared_ptr<const TlsContext> tls = nullptr,
                                         WaitCheck check = nullptr);

  Result<void> send_all(std::string_view bytes, int64_t timeout_ms) {
    return tls_ ? tls_->send_all(bytes, timeout_ms) : tcp_->send_all(bytes, timeout_ms);
  }
  Result<size_t> receive(std::string& out, int64_t timeout_ms) {
    return tls_ ? tls_->receive(out, timeout_ms) : tcp_->receive(out, timeout_ms);
  }
  Result<bool> wait_readable(int64_t timeout_ms) {
    return tls_ ? tls_->wait_readable(timeout_ms) : tcp_->wait_readable(timeout_ms);
  }

 private:
  BlockingConnection() = default;
  std::optional<BlockingSocket> tcp_;
  std::optional<BlockingTls> tls_;
};

}  // namespace weir::net
