// What TLS connections of clients share, whatever carries their bytes: whom they expect, and what
// is told of a failure.
//
// For the streams of this folder; on the thread that owns `ssl`.
#pragma once

#include <string>

#include "base/result.h"

struct ssl_st;

namespace weir::net {

// The client's side: the peer's certificate must name `host`, which is told to the peer (SNI).
void expect_host(ssl_st* ssl, const std::string& host);

// Why the last call of OpenSSL failed, and what to do about it where somebody set the connection up
// (TlsClientOptions::authority_setting, which may be empty). Errc::io.
Error tls_failure(const ssl_st* ssl, bool is_established, const std::string& authority_setting);
// Asks whether a server that does not answer as TLS does speaks it at all; empty as above.
std::string ask_about_tls_port(const std::string& authority_setting);

}  // namespace weir::net
