#include "net/blocking_tls.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <utility>

#include "base/assert.h"
#include "net/tls_session.h"

namespace weir::net {
namespace {

constexpr size_t kPlainBytes = 16 * 1024;  // a TLS record's worth

struct Freed {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

}  // namespace

// OpenSSL works on memory: `in` is what came from the socket, `out` what is to go there. The
// socket's own calls wait, and never raise SIGPIPE.
struct BlockingTls::State {
  State(BlockingSocket connected, std::shared_ptr<const TlsContext> with)
      : socket(std::move(connected)), context(std::move(with)), ssl(SSL_new(context->handle())) {
    WEIR_ASSERT(ssl != nullptr, "memory for a connection");
    in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    WEIR_ASSERT(in != nullptr && out != nullptr, "memory for a connection");
    BIO_set_mem_eof_return(in, -1);   // nothing there yet, rather than the end
    SSL_set_bio(ssl.get(), in, out);  // owns both
  }

  Error failed() {
    const Error error =
        tls_failure(ssl.get(), SSL_is_init_finished(ssl.get()) == 1, context->authority_setting());
    return Error{Errc::unavailable, fmt::format("{}: {}", socket.name(), error.message)};
  }

  Result<void> flush(int64_t timeout_ms) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    if (size <= 0) return {};
    auto sent = socket.send_all({bytes, static_cast<size_t>(size)}, timeout_ms);
    (void)BIO_reset(out);
    return sent;
  }

  // False at the end of the connection.
  Result<bool> fill(int64_t timeout_ms) {
    ciphertext.clear();
    WEIR_TRY(const size_t size, socket.receive(ciphertext, timeout_ms));
    if (size == 0) return false;
    BIO_write(in, ciphertext.data(), static_cast<int>(size));
    return true;
  }

  BlockingSocket socket;
  std::shared_ptr<const TlsContext> context;
  std::unique_ptr<SSL, Freed> ssl;
  BIO* in = nullptr;
  BIO* out = nullptr;
  std::string ciphertext;
};

BlockingTls::BlockingTls(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlockingTls::BlockingTls(BlockingTls&&) noexcept = default;

BlockingTls::~BlockingTls() {
  if (state_ == nullptr || SSL_is_init_finished(state_->ssl.get()) != 1) return;
  SSL_shutdown(state_->ssl.get());
  (void)state_->flush(0);  // whoever does not take it now does not miss it
}

Result<BlockingTls> BlockingTls::connect(BlockingSocket socket,
                                         std::shared_ptr<const TlsContext> context,
                                         const std::string& host, int64_t timeout_ms) {
  auto state = std::make_unique<State>(std::move(socket), std::move(context));
  expect_host(state->ssl.get(), host);
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(state->ssl.get());
    const int error = SSL_get_error(state->ssl.get(), result);
    if (result != 1 && error != SSL_ERROR_WANT_READ) {
      Error why = state->failed();
      (void)state->flush(timeout_ms);  // the alert that says so
      return why;
    }
    WEIR_CHECK(state->flush(timeout_ms));
    if (result == 1) return BlockingTls(std::move(state));
    WEIR_TRY(const bool more, state->fill(timeout_ms));
    if (!more) {
      return Error{Errc::unavailable,
                   fmt::format("{}: TLS handshake: the peer has left{}", state->socket.name(),
                               ask_about_tls_port(state->context->authority_setting()))};
    }
  }
}

Result<void> BlockingTls::send_all(std::string_view bytes, int64_t timeout_ms) {
  while (!bytes.empty()) {
    ERR_clear_error();
    size_t written = 0;
    // A record at a time: its ciphertext leaves before the next is made.
    const size_t size = std::min(bytes.size(), kPlainBytes);
    if (SSL_write_ex(state_->ssl.get(), bytes.data(), size, &written) != 1) return state_->failed();
    WEIR_CHECK(state_->flush(timeout_ms));
    bytes.remove_prefix(written);
  }
  return {};
}

Result<size_t> BlockingTls::receive(std::string& out, int64_t timeout_ms) {
  const size_t before = out.size();
  for (;;) {
    out.resize(before + kPlainBytes);
    ERR_clear_error();
    size_t got = 0;
    const int result = SSL_read_ex(state_->ssl.get(), out.data() + before, kPlainBytes, &got);
    out.resize(before + got);
    if (result == 1) return got;
    const int error = SSL_get_error(state_->ssl.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) return size_t{0};
    if (error != SSL_ERROR_WANT_READ) return state_->failed();
    WEIR_CHECK(state_->flush(timeout_ms));
    WEIR_TRY(const bool more, state_->fill(timeout_ms));
    if (!more) return size_t{0};
  }
}

Result<bool> BlockingTls::wait_readable(int64_t timeout_ms) {
  if (SSL_has_pending(state_->ssl.get()) == 1 || BIO_ctrl_pending(state_->in) > 0) return true;
  return state_->socket.wait_readable(timeout_ms);
}

}  // namespace weir::net
