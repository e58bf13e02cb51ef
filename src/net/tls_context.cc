#include "net/tls_context.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <utility>

#include "base/file.h"
#include "base/log.h"

namespace weir::net {
namespace {

struct Freed {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using ContextHandle = std::unique_ptr<SSL_CTX, Freed>;

// For TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has nothing else.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

std::string reason_of_openssl() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "failed" : reason;
}

// Clients may ask by name for what they speak; weir's listeners speak one of these.
int select_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  static constexpr unsigned char kOurs[] = "\x08http/1.1\x04mqtt";
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, chosen_size, kOurs, sizeof(kOurs) - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// A server has no terminal to ask for a passphrase on.
int refuse_passphrase(char*, int, int, void*) { return 0; }

Result<ContextHandle> new_context(const SSL_METHOD* method) {
  ContextHandle context(SSL_CTX_new(method));
  if (context == nullptr) return Error{Errc::io, "TLS: " + reason_of_openssl()};
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Idle connections keep no buffers; a batch may move between two attempts to write it.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

Error setting_error(const TlsServerOptions& options, std::string_view key, std::string_view what) {
  return Error{Errc::invalid, fmt::format("{}{}: {}", options.settings, key, what)};
}

// OpenSSL does not say which file it could not read, nor why.
Result<void> check_readable(const TlsServerOptions& options, std::string_view key,
                            const std::string& file) {
  if (file.empty()) return setting_error(options, key, "wanted a PEM file");
  if (auto read = system_file_system().read(file); !read.ok()) {
    return setting_error(options, key, "cannot read the PEM file: " + read.error().message);
  }
  return {};
}

std::string time_text(const ASN1_TIME* time) {
  const std::unique_ptr<BIO, Freed> text(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(text.get(), time);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  return {bytes, static_cast<size_t>(size)};
}

void warn_about(const TlsServerOptions& options, const std::string& file, const X509* certificate,
                std::vector<std::string>& warnings) {
  const ASN1_TIME* end = X509_get0_notAfter(certificate);
  const ASN1_TIME* begin = X509_get0_notBefore(certificate);
  if (X509_cmp_current_time(end) < 0) {
    warnings.push_back(
        fmt::format("{}tls_certificate: {} expired on {}: clients will refuse it; renew it",
                    options.settings, file, time_text(end)));
  } else if (X509_cmp_current_time(begin) > 0) {
    warnings.push_back(
        fmt::format("{}tls_certificate: {} is valid from {} only: clients will refuse it",
                    options.settings, file, time_text(begin)));
  }
}

Result<void> use_certificate(SSL_CTX* context, const TlsServerOptions& options,
                             const TlsCertificate& pair, std::vector<std::string>& warnings) {
  const auto& [certificate, key] = pair;
  WEIR_CHECK(check_readable(options, "tls_certificate", certificate));
  WEIR_CHECK(check_readable(options, "tls_key", key));
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return setting_error(options, "tls_certificate",
                         fmt::format("{} holds no certificate in PEM form that can be used: {}",
                                     certificate, reason_of_openssl()));
  }
  SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const unsigned long code = ERR_peek_last_error();
    if (ERR_GET_LIB(code) == ERR_LIB_X509 && ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH) {
      ERR_clear_error();
      return setting_error(
          options, "tls_key",
          fmt::format("{} does not fit the certificate {}; give the key it was made with", key,
                      certificate));
    }
    return setting_error(options, "tls_key",
                         fmt::format("{} holds no private key in PEM form without a passphrase: {}",
                                     key, reason_of_openssl()));
  }
  warn_about(options, certificate, SSL_CTX_get0_certificate(context), warnings);
  return {};
}

Result<void> ask_for_client_certificates(SSL_CTX* context, const TlsServerOptions& options) {
  if (options.client_certificate == ClientCertificate::none) return {};
  const std::string& file = options.client_authority_file;
  WEIR_CHECK(check_readable(options, "tls_client_ca", file));
  STACK_OF(X509_NAME)* names = nullptr;
  if (SSL_CTX_load_verify_file(context, file.c_str()) != 1 ||
      (names = SSL_load_client_CA_file(file.c_str())) == nullptr) {
    return setting_error(options, "tls_client_ca",
                         fmt::format("{} holds no certificate in PEM form that can be used: {}",
                                     file, reason_of_openssl()));
  }
  SSL_CTX_set_client_CA_list(context, names);  // takes them over
  const bool is_required = options.client_certificate == ClientCertificate::required;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (is_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  return {};
}

Result<ContextHandle> server_context(const TlsServerOptions& options, const TlsCertificate& pair,
                                     std::vector<std::string>& warnings) {
  WEIR_TRY(auto context, new_context(TLS_server_method()));
  if (options.only_tls_1_3) SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  // Small machines without AES in hardware ask for ChaCha20, and get it.
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_cipher_list(context.get(), kCiphers);
  // Sessions are resumed by tickets, which clients keep; with client certificates OpenSSL wants to
  // know whose sessions they are.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  static constexpr unsigned char kSessionsOf[] = "weir";
  SSL_CTX_set_session_id_context(context.get(), kSessionsOf, sizeof(kSessionsOf) - 1);
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_alpn_select_cb(context.get(), select_protocol, nullptr);
  WEIR_CHECK(use_certificate(context.get(), options, pair, warnings));
  WEIR_CHECK(ask_for_client_certificates(context.get(), options));
  return context;
}

}  // namespace

struct TlsContext::State {
  ContextHandle context;
  std::vector<ContextHandle> others;  // for the names that their certificates are for
  std::vector<std::string> warnings;
  std::string authority_setting;
};

namespace {

// The client has named the host it wants (RFC 6066 §3): the certificate for it, if there is one.
int select_certificate(SSL* ssl, int*, void* state_pointer) {
  const auto* state = static_cast<const TlsContext::State*>(state_pointer);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  auto is_for_name = [&](const ContextHandle& context) {
    return X509_check_host(SSL_CTX_get0_certificate(context.get()), name, 0, 0, nullptr) == 1;
  };
  if (is_for_name(state->context)) return SSL_TLSEXT_ERR_OK;
  for (const ContextHandle& other : state->others) {
    if (!is_for_name(other)) continue;
    SSL_set_SSL_CTX(ssl, other.get());
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

ssl_ctx_st* TlsContext::handle() const { return state_->context.get(); }
const std::vector<std::string>& TlsContext::warnings() const { return state_->warnings; }
const std::string& TlsContext::authority_setting() const { return state_->authority_setting; }

Result<std::shared_ptr<const TlsContext>> TlsContext::server(const TlsServerOptions& options) {
  auto state = std::make_unique<State>();
  if (options.certificates.empty()) {
    return setting_error(options, "tls_certificate", "wanted a PEM file");
  }
  for (const TlsCertificate& pair : options.certificates) {
    WEIR_TRY(auto context, server_context(options, pair, state->warnings));
    if (state->context == nullptr) {
      state->context = std::move(context);
    } else {
      state->others.push_back(std::move(context));
    }
  }
  if (!state->others.empty()) {
    SSL_CTX_set_tlsext_servername_callback(state->context.get(), select_certificate);
    SSL_CTX_set_tlsext_servername_arg(state->context.get(), state.get());
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(state)));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const TlsClientOptions& options) {
  WEIR_TRY(auto context, new_context(TLS_client_method()));
  auto failed = [](std::string_view what, const std::string& file) {
    return Error{Errc::io, fmt::format("TLS {} {}: {}", what, file, reason_of_openssl())};
  };
  const std::string& authority = options.authority_file;
  const int loaded = authority.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                                       : SSL_CTX_load_verify_file(context.get(), authority.c_str());
  if (loaded != 1) return failed("authorities", authority);
  const auto& [certificate, key] = options.certificate;
  if (!certificate.empty()) {
    SSL_CTX_set_default_passwd_cb(context.get(), refuse_passphrase);
    if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1)
      return failed("certificate", certificate);
    if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
      return failed("key", key);
  }
  SSL_CTX_set_verify(context.get(), options.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  auto state = std::make_unique<State>();
  state->context = std::move(context);
  state->authority_setting = options.authority_setting;
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(state)));
}

namespace {

std::vector<std::string> files_of(const TlsServerOptions& options) {
  std::vector<std::string> files{options.client_authority_file};
  for (const TlsCertificate& pair : options.certificates) {
    files.push_back(pair.certificate_file);
    files.push_back(pair.key_file);
  }
  return files;
}

}  // namespace

TlsServer::TlsServer(TlsServerOptions options)
    : options_(std::move(options)), files_(FileWatch(files_of(options_))) {}

Result<std::shared_ptr<TlsServer>> TlsServer::open(TlsServerOptions options) {
  auto server = std::shared_ptr<TlsServer>(new TlsServer(std::move(options)));
  WEIR_CHECK(server->load());
  return server;
}

Result<void> TlsServer::load() {
  WEIR_TRY(auto loaded, TlsContext::server(options_));
  for (const std::string& warning : loaded->warnings()) log::warn("net", "{}", warning);
  *context_.lock() = std::move(loaded);
  return {};
}

std::shared_ptr<const TlsContext> TlsServer::context() const { return *context_.lock(); }

bool TlsServer::refresh(bool even_if_unchanged) {
  auto files = files_.lock();
  if (!files->is_due(even_if_unchanged)) return false;
  if (auto loaded = load(); !loaded.ok()) {
    log::error("net", "{}; the certificate that was loaded before stays in use",
               loaded.error().message);
    return false;
  }
  log::info("net", "{}tls_certificate: {} is loaded and serves from here on", options_.settings,
            options_.certificates.front().certificate_file);
  return true;
}

}  // namespace weir::net
