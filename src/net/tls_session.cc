#include "net/tls_session.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace weir::net {
namespace {

// The code of the reason why an untrusted certificate fails the handshake.
constexpr int kNotVerified = SSL_R_CERTIFICATE_VERIFY_FAILED;

// What to do about a server's certificate that is not trusted; empty where nobody set it up.
std::string remedy_for(long verdict, const std::string& authority_setting) {
  if (authority_setting.empty()) return {};
  switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "; connect to a name that is in the certificate";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "; renew it at the server, or set this machine's clock right";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "; set this machine's clock right";
    default:
      return fmt::format("; name the file with its authority in {}", authority_setting);
  }
}

}  // namespace

void expect_host(ssl_st* ssl, const std::string& host) {
  SSL_set_tlsext_host_name(ssl, host.c_str());
  X509_VERIFY_PARAM* rules = SSL_get0_param(ssl);
  // An address is looked for among the certificate's addresses, a name among its names.
  if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) != 1)
    X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size());
  ERR_clear_error();
  SSL_set_connect_state(ssl);
}

std::string ask_about_tls_port(const std::string& authority_setting) {
  return authority_setting.empty() ? "" : "; does the server speak TLS at that port?";
}

Error tls_failure(const ssl_st* ssl, bool is_established, const std::string& authority_setting) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  const long verdict = SSL_get_verify_result(ssl);
  if (!is_established && verdict != X509_V_OK && ERR_GET_REASON(code) == kNotVerified) {
    return Error{Errc::io,
                 fmt::format("TLS handshake: the server's certificate is not trusted: {}{}",
                             X509_verify_cert_error_string(verdict),
                             remedy_for(verdict, authority_setting))};
  }
  const bool is_no_tls = !is_established && ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER;
  return Error{Errc::io, fmt::format("{}: {}{}", is_established ? "TLS" : "TLS handshake",
                                     reason == nullptr ? "failed" : reason,
                                     is_no_tls ? ask_about_tls_port(authority_setting) : "")};
}

}  // namespace weir::net
