// TLS over any Stream: the same interface, encrypted.
//
// OpenSSL never touches the socket: ciphertext of one read is decrypted and handed on in one piece,
// and the writes of a batch become as few records as they fit in. Between reads a stream holds
// neither plaintext nor ciphertext. The end of the connection without TLS's own farewell counts as
// an end, as most peers leave that way; protocols that care delimit their messages. A handshake
// that fails, or takes longer than kHandshakeMsMax, ends the stream with Errc::io. A client's
// verified certificate gives Peer::certificate_name once bytes arrive.
#pragma once

#include <memory>
#include <string>

#include "net/stream.h"
#include "net/tls_context.h"

namespace weir::net {

// Slow networks take seconds, TLS on a small device as long again; a client that is not done by
// then only holds memory.
inline constexpr int64_t kHandshakeMsMax = 10'000;

// `below` has not been started. On its io thread.
std::unique_ptr<Stream> make_tls_server_stream(std::unique_ptr<Stream> below,
                                               std::shared_ptr<const TlsContext> context);
// The peer's certificate must name `host`.
std::unique_ptr<Stream> make_tls_client_stream(std::unique_ptr<Stream> below,
                                               std::shared_ptr<const TlsContext> context,
                                               const std::string& host);

}  // namespace weir::net
