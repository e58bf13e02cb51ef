#include "net/blocking_connection.h"

namespace weir::net {

Result<BlockingConnection> BlockingConnection::open(const std::string& host, uint16_t port,
                                                    int64_t timeout_ms,
                                                    std::shared_ptr<const TlsContext> tls,
                                                    WaitCheck check) {
  BlockingConnection opened;
  WEIR_TRY(auto socket, BlockingSocket::connect(host, port, timeout_ms, std::move(check)));
  if (tls == nullptr) {
    opened.tcp_.emplace(std::move(socket));
    return opened;
  }
  WEIR_TRY(auto encrypted,
           BlockingTls::connect(std::move(socket), std::move(tls), host, timeout_ms));
  opened.tls_.emplace(std::move(encrypted));
  return opened;
}

}  // namespace weir::net
