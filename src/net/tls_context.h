// TLS certificates and rules (TLS 1.2 and 1.3, OpenSSL), shared by the streams that use them.
//
// A TlsContext is immutable and for any thread. A TlsServer is what a listener holds: it follows
// its files, so that a renewed certificate serves the next connection while those that stand keep
// what they began with. Errors name the setting ("mqtt.tls_key"), the file and the remedy.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file_watch.h"
#include "base/result.h"
#include "base/sync.h"

struct ssl_ctx_st;

namespace weir::net {

// PEM files.
struct TlsCertificate {
  std::string certificate_file;  // the certificate, then those that lead to its authority
  std::string key_file;
};

enum class ClientCertificate : uint8_t {
  none,      // not asked for
  optional,  // asked for; a client without one is served, one with a bad one is not
  required,
};

struct TlsServerOptions {
  // The first serves clients that name no host (SNI), or one that no certificate is for.
  std::vector<TlsCertificate> certificates = {};
  std::string client_authority_file = {};  // whose certificates clients may show
  ClientCertificate client_certificate = ClientCertificate::none;
  bool only_tls_1_3 = false;
  std::string settings = {};  // what the names of the settings begin with, for errors: "mqtt."
};

struct TlsClientOptions {
  std::string authority_file = {};  // whom to trust; empty: whom the system trusts
  TlsCertificate certificate = {};  // what to show when asked; no file: none
  bool insecure = false;            // take any certificate, of anyone
  // What the setting of authority_file is called, for errors: "broker.ca_file".
  std::string authority_setting = {};
};

class TlsContext {
 public:
  static Result<std::shared_ptr<const TlsContext>> server(const TlsServerOptions& options);
  static Result<std::shared_ptr<const TlsContext>> client(const TlsClientOptions& options);
  ~TlsContext();

  ssl_ctx_st* handle() const;
  // What is to be told about the certificates although they serve: that one has expired.
  const std::vector<std::string>& warnings() const;
  // TlsClientOptions::authority_setting; empty of a server's.
  const std::string& authority_setting() const;

  struct State;

 private:
  explicit TlsContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class TlsServer {
 public:
  static Result<std::shared_ptr<TlsServer>> open(TlsServerOptions options);
  // For the next connection.
  std::shared_ptr<const TlsContext> context() const;
  // Reads the files again if they have changed and rest, or always. A set that does not serve
  // is logged, and the one before stays. Blocks on the disk: not on an io thread. True if the
  // context is a new one.
  bool refresh(bool even_if_unchanged);

 private:
  explicit TlsServer(TlsServerOptions options);
  Result<void> load();

  const TlsServerOptions options_;
  Guarded<FileWatch> files_;
  Guarded<std::shared_ptr<const TlsContext>> context_;
};

}  // namespace weir::net
