// TLS over any Stream: the same interface, encrypted (TLS 1.2 and 1.3, OpenSSL).
//
// OpenSSL works on memory here, never on the socket: ciphertext of one read is decrypted and handed
// on in one piece, and the writes of a batch become as few records as they fit in. The end of the
// connection without TLS's own farewell counts as an end, as most peers leave that way; protocols
// that care delimit their messages. A failed handshake ends the stream with Errc::io.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/stream.h"

namespace weir::net {

// Certificates and rules, shared by all connections and threads; immutable.
class TlsContext {
 public:
  // For servers: a PEM file with the certificate and its chain, and one with the key.
  static Result<std::shared_ptr<const TlsContext>> server(const std::string& certificate_file,
                                                          const std::string& key_file);
  // For clients: whom to trust; empty trusts who the system trusts.
  static Result<std::shared_ptr<const TlsContext>> client(const std::string& authority_file);
  ~TlsContext();

  struct State;
  State& state() const { return *state_; }

 private:
  explicit TlsContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// `below` has not been started. On its io thread.
std::unique_ptr<Stream> make_tls_server_stream(std::unique_ptr<Stream> below,
                                               std::shared_ptr<const TlsContext> context);
// The peer's certificate must name `host`.
std::unique_ptr<Stream> make_tls_client_stream(std::unique_ptr<Stream> below,
                                               std::shared_ptr<const TlsContext> context,
                                               const std::string& host);

}  // namespace weir::net
