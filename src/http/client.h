// An HTTP/1.1 client call, blocking: for the command line, remote stores and notifications.
// Never on an io thread. Keeps no connection.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "net/blocking_socket.h"
#include "net/tls_context.h"

namespace weir::http {

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http://host[:port]/path?query, or https://
  Headers headers;
  std::string body;
  int64_t timeout_ms = 30'000;  // the longest wait for the other side: to connect, take, send
  // For https://; null: the authorities that the system trusts.
  std::shared_ptr<const net::TlsContext> tls = nullptr;
  // Asked again and again while the call waits: its error ends the call.
  net::WaitCheck check = nullptr;
  // A body kept whole; what may be larger is taken piece by piece.
  size_t body_bytes_max = size_t{1} << 30;
};
struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;  // whole, unless on_body took it
};
// gzip is asked for and undone. Redirects are answers like any other. `on_body`, if given, gets the
// decoded body piece by piece and may return false to break off; `on_head` before that the answer
// without its body.
// Errors: Errc::invalid for a URL that is none; Errc::unavailable, with host and reason, when there
// is no whole answer, or the server's certificate is not trusted; Errc::too_large.
Result<ClientResponse> call(const ClientRequest& request,
                            std::function<bool(std::string_view)> on_body = nullptr,
                            std::function<void(const ClientResponse&)> on_head = nullptr);

}  // namespace weir::http
