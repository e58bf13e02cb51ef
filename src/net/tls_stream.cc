#include "net/tls_stream.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "base/assert.h"
#include "base/metrics.h"

namespace weir::net {
namespace {

metrics::Counter handshake_failures{"weir_net_tls_handshake_failures_total",
                                    "TLS handshakes that failed"};

// Plaintext handed on at once: a read's worth (net/loop_thread.h), shared by a thread's streams.
constexpr size_t kPlainBytes = 256 * 1024;

struct Freed {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

Error tls_error(std::string_view what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return Error{Errc::io, fmt::format("{}: {}", what, reason == nullptr ? "failed" : reason)};
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

}  // namespace

struct TlsContext::State {
  std::unique_ptr<SSL_CTX, Freed> context;
};

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

namespace {

Result<std::unique_ptr<SSL_CTX, Freed>> new_context(const SSL_METHOD* method) {
  std::unique_ptr<SSL_CTX, Freed> context(SSL_CTX_new(method));
  if (context == nullptr) return tls_error("TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Idle connections keep no buffers; a batch may move between two attempts to write it.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::server(const std::string& certificate_file,
                                                             const std::string& key_file) {
  WEIR_TRY(auto context, new_context(TLS_server_method()));
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1)
    return tls_error(fmt::format("TLS certificate {}", certificate_file));
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return tls_error(fmt::format("TLS key {}", key_file));
  if (SSL_CTX_check_private_key(context.get()) != 1)
    return tls_error(fmt::format("TLS key {} for {}", key_file, certificate_file));
  SSL_CTX_set_alpn_select_cb(context.get(), select_protocol, nullptr);
  auto state = std::make_unique<State>(State{std::move(context)});
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(state)));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const std::string& authority_file) {
  WEIR_TRY(auto context, new_context(TLS_client_method()));
  const int loaded = authority_file.empty()
                         ? SSL_CTX_set_default_verify_paths(context.get())
                         : SSL_CTX_load_verify_file(context.get(), authority_file.c_str());
  if (loaded != 1) return tls_error(fmt::format("TLS authorities {}", authority_file));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  auto state = std::make_unique<State>(State{std::move(context)});
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(state)));
}

namespace {

// The reader of the stream below, and what the handle that users hold refers to. As with TCP, a
// reader may close or let go in any call to it; every entry from below holds a reference.
class TlsConnection final : public StreamReader,
                            public std::enable_shared_from_this<TlsConnection> {
 public:
  TlsConnection(std::unique_ptr<Stream> below, std::shared_ptr<const TlsContext> context,
                const std::string* host)
      : below_(std::move(below)), context_(std::move(context)) {
    ssl_.reset(SSL_new(context_->state().context.get()));
    WEIR_ASSERT(ssl_ != nullptr, "memory for a connection");
    incoming_ = BIO_new(BIO_s_mem());
    outgoing_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), incoming_, outgoing_);  // owns both
    if (host == nullptr) {
      SSL_set_accept_state(ssl_.get());
      return;
    }
    SSL_set_tlsext_host_name(ssl_.get(), host->c_str());
    X509_VERIFY_PARAM* rules = SSL_get0_param(ssl_.get());
    // An address is looked for among the certificate's addresses, a name among its names.
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, host->c_str()) != 1)
      X509_VERIFY_PARAM_set1_host(rules, host->c_str(), host->size());
    ERR_clear_error();
    SSL_set_connect_state(ssl_.get());
  }

  void start(StreamReader& reader) {
    auto self = shared_from_this();
    reader_ = &reader;
    below_->start(*this);
    if (!SSL_is_server(ssl_.get())) advance();  // the client speaks first
  }
  void pause_reading() {
    is_paused_ = true;
    below_->pause_reading();
  }
  void resume_reading() {
    is_paused_ = false;
    below_->resume_reading();
    // What has been received already does not make the stream below readable again.
    below_->io_thread().post([self = shared_from_this()] { self->advance(); });
  }
  void write(std::string_view bytes) {
    if (is_closed_) return;
    plain_out_.append(bytes);
    if (plain_out_.size() > kStreamLowWaterBytes) is_above_low_water_ = true;
    if (std::exchange(is_flush_due_, true)) return;
    below_->io_thread().at_end_of_batch([self = shared_from_this()] {
      self->is_flush_due_ = false;
      if (!self->is_closed_) self->flush();
    });
  }
  size_t unsent_bytes() const { return plain_out_.size() + below_->unsent_bytes(); }
  void close_gracefully() {
    if (std::exchange(is_closed_, true)) return;
    reader_ = nullptr;
    flush();
    if (SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
    send_outgoing();
    below_->close_gracefully();
  }
  void close() {
    if (std::exchange(is_closed_, true)) return;
    reader_ = nullptr;
    below_->close();
  }
  const Peer& peer() const { return below_->peer(); }
  IoThread& io_thread() { return below_->io_thread(); }

  void on_bytes(std::string_view bytes) override {
    auto self = shared_from_this();
    while (!bytes.empty()) {
      const int size = static_cast<int>(std::min<size_t>(bytes.size(), INT_MAX));
      BIO_write(incoming_, bytes.data(), size);
      bytes.remove_prefix(static_cast<size_t>(size));
    }
    advance();
  }
  void on_end(Result<void> how) override {
    auto self = shared_from_this();
    if (!SSL_is_init_finished(ssl_.get()) && how.ok())
      return fail(Error{Errc::io, "TLS handshake: the peer has left"});
    end(std::move(how));
  }
  void on_drained() override {
    auto self = shared_from_this();
    tell_drained();
  }

 private:
  // Goes as far as the bytes at hand allow: handshake, then plaintext to the reader.
  void advance() {
    while (!is_closed_ && reader_ != nullptr && !is_paused_) {
      thread_local const std::unique_ptr<char[]> plain(new char[kPlainBytes]);
      size_t size = 0;
      const Step step = read_plain(plain.get(), size);
      send_outgoing();  // handshake, tickets, alerts
      if (!plain_out_.empty()) flush();
      if (size > 0) reader_->on_bytes(std::string_view(plain.get(), size));
      if (step == Step::again) continue;
      if (step == Step::ended) end({});
      if (step == Step::failed)
        fail(tls_error(SSL_is_init_finished(ssl_.get()) ? "TLS" : "TLS handshake"));
      return;
    }
  }
  enum class Step { again, wait, ended, failed };
  Step read_plain(char* plain, size_t& size) {
    while (size < kPlainBytes) {
      ERR_clear_error();
      size_t got = 0;
      // Performs the handshake first, as long as it is not done.
      const int result = SSL_read_ex(ssl_.get(), plain + size, kPlainBytes - size, &got);
      size += got;
      if (result == 1) continue;
      const int error = SSL_get_error(ssl_.get(), result);
      if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Step::wait;
      return error == SSL_ERROR_ZERO_RETURN ? Step::ended : Step::failed;
    }
    return Step::again;
  }
  void flush() {
    if (!SSL_is_init_finished(ssl_.get())) return;  // comes with the handshake's end
    while (!plain_out_.empty()) {
      ERR_clear_error();
      size_t written = 0;
      // Into memory: takes all, or fails for good.
      if (SSL_write_ex(ssl_.get(), plain_out_.data(), plain_out_.size(), &written) != 1) break;
      plain_out_.erase(0, written);
    }
    send_outgoing();
  }
  void send_outgoing() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(outgoing_, &bytes);
    if (size > 0) below_->write(std::string_view(bytes, static_cast<size_t>(size)));
    (void)BIO_reset(outgoing_);
  }
  // The stream below was above its mark too: ciphertext is longer than what it hides.
  void tell_drained() {
    if (!is_above_low_water_ || reader_ == nullptr || unsent_bytes() > 0) return;
    is_above_low_water_ = false;
    reader_->on_drained();
  }
  void fail(Error error) {
    if (!SSL_is_init_finished(ssl_.get())) handshake_failures.add(1);
    end(std::move(error));
  }
  void end(Result<void> how) {
    if (StreamReader* reader = std::exchange(reader_, nullptr)) reader->on_end(std::move(how));
  }

  const std::unique_ptr<Stream> below_;
  const std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<SSL, Freed> ssl_;
  BIO* incoming_ = nullptr;
  BIO* outgoing_ = nullptr;
  StreamReader* reader_ = nullptr;
  std::string plain_out_;  // of the batch, or waiting for the handshake
  bool is_paused_ = false;
  bool is_flush_due_ = false;
  bool is_above_low_water_ = false;
  bool is_closed_ = false;
};

class TlsStream final : public Stream {
 public:
  explicit TlsStream(std::shared_ptr<TlsConnection> connection)
      : connection_(std::move(connection)) {}
  ~TlsStream() override { connection_->close(); }
  void start(StreamReader& reader) override { connection_->start(reader); }
  void pause_reading() override { connection_->pause_reading(); }
  void resume_reading() override { connection_->resume_reading(); }
  void write(std::string_view bytes) override { connection_->write(bytes); }
  void write_shared(std::shared_ptr<const std::string> bytes) override {
    connection_->write(*bytes);
  }
  size_t unsent_bytes() const override { return connection_->unsent_bytes(); }
  void close_gracefully() override { connection_->close_gracefully(); }
  void close() override { connection_->close(); }
  const Peer& peer() const override { return connection_->peer(); }
  IoThread& io_thread() override { return connection_->io_thread(); }

 private:
  const std::shared_ptr<TlsConnection> connection_;
};

}  // namespace

std::unique_ptr<Stream> make_tls_server_stream(std::unique_ptr<Stream> below,
                                               std::shared_ptr<const TlsContext> context) {
  return std::make_unique<TlsStream>(
      std::make_shared<TlsConnection>(std::move(below), std::move(context), nullptr));
}

std::unique_ptr<Stream> make_tls_client_stream(std::unique_ptr<Stream> below,
                                               std::shared_ptr<const TlsContext> context,
                                               const std::string& host) {
  return std::make_unique<TlsStream>(
      std::make_shared<TlsConnection>(std::move(below), std::move(context), &host));
}

}  // namespace weir::net
