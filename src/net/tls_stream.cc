#include "net/tls_stream.h"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "base/metrics.h"
#include "net/tls_session.h"

namespace weir::net {
namespace {

metrics::Counter handshake_failures{"weir_net_tls_handshake_failures_total",
                                    "TLS handshakes that failed"};

// Plaintext handed on at once: a read's worth (net/loop_thread.h), shared by a thread's streams.
constexpr size_t kPlainBytes = 256 * 1024;
// Buffers beyond this are not kept for the next batch: most connections are idle.
constexpr size_t kKeptBufferBytes = 4 * 1024;

struct Freed {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// The first bytes of a client that does not speak TLS, told in words.
std::string_view what_is_spoken(std::string_view first) {
  if (first.empty() || first[0] == 0x16) return {};  // a handshake record
  if (first[0] == 0x10) return "the client speaks MQTT without TLS to a port for TLS";
  if (first.starts_with("GET ") || first.starts_with("POST ") || first.starts_with("HEAD ") ||
      first.starts_with("PUT "))
    return "the client speaks HTTP without TLS to a port for TLS";
  return "the client does not speak TLS";
}

// The common name in the certificate's subject, or empty. A name with a zero byte in it is none:
// what reads it as a C string would see another.
std::string common_name(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return {};
  std::string name(reinterpret_cast<const char*>(text), static_cast<size_t>(size));
  OPENSSL_free(text);
  return name.find('\0') == std::string::npos ? name : std::string();
}

// The reader of the stream below, and what the handle that users hold refers to. As with TCP, a
// reader may close or let go in any call to it; every entry from below holds a reference.
class TlsConnection final : public StreamReader,
                            public std::enable_shared_from_this<TlsConnection> {
 public:
  TlsConnection(std::unique_ptr<Stream> below, std::shared_ptr<const TlsContext> context,
                const std::string* host);

  void start(StreamReader& reader);
  void pause_reading() {
    is_paused_ = true;
    below_->pause_reading();
  }
  void resume_reading() {
    is_paused_ = false;
    below_->resume_reading();
    // What has been received already does not make the stream below readable again.
    below_->io_thread().post([self = shared_from_this()] { self->take({}); });
  }
  void write(std::string_view bytes);
  size_t unsent_bytes() const { return plain_out_.size() + below_->unsent_bytes(); }
  void close_gracefully();
  void close() {
    if (std::exchange(is_closed_, true)) return;
    stop_handshake_timer();
    reader_ = nullptr;
    below_->close();
  }
  const Peer& peer() const { return peer_; }
  IoThread& io_thread() { return below_->io_thread(); }

  void on_bytes(std::string_view bytes) override {
    auto self = shared_from_this();
    take(bytes);
  }
  void on_end(Result<void> how) override {
    auto self = shared_from_this();
    if (is_established_) return end(std::move(how));
    // Closed, or reset: who does not speak TLS leaves what it was sent unread.
    const std::string_view why =
        how.ok() ? std::string_view("the peer has left") : std::string_view(how.error().message);
    fail(Error{Errc::io, fmt::format("TLS handshake: {}{}", why, ask_about_port())});
  }
  void on_drained() override {
    auto self = shared_from_this();
    tell_drained();
  }

 private:
  enum class Step { again, wait, ended, failed };
  friend struct StreamBio;

  void take(std::string_view bytes);
  void advance();
  Step read_plain(char* plain, size_t& size);
  void established();
  void flush();
  void tell_drained();
  Error failure() const;
  std::string ask_about_port() const;
  void fail(Error error) {
    if (!is_established_ && !is_closed_) {
      handshake_failures.add(1);
      // The alert that says what was wrong is still to be delivered.
      is_closed_ = true;
      below_->close_gracefully();
    }
    end(std::move(error));
  }
  void end(Result<void> how) {
    stop_handshake_timer();
    if (StreamReader* reader = std::exchange(reader_, nullptr)) reader->on_end(std::move(how));
  }
  void stop_handshake_timer() {
    if (handshake_timer_ != 0) below_->io_thread().cancel(std::exchange(handshake_timer_, 0));
  }

  const std::unique_ptr<Stream> below_;
  const std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<SSL, Freed> ssl_;
  Peer peer_;
  StreamReader* reader_ = nullptr;
  std::string_view ciphertext_;  // what OpenSSL may read now; of a read, or of unread_
  std::string unread_;           // ciphertext that waits for reading to be resumed
  std::string plain_out_;        // of the batch, or waiting for the handshake
  std::string first_bytes_;      // until the handshake is done
  IoThread::TimerId handshake_timer_ = 0;
  bool is_established_ = false;
  bool is_paused_ = false;
  bool is_flush_due_ = false;
  bool is_above_low_water_ = false;
  bool is_closed_ = false;
};

// OpenSSL's view of the stream below: reads what has arrived, writes into the stream's queue.
struct StreamBio {
  static TlsConnection& connection(BIO* bio) {
    return *static_cast<TlsConnection*>(BIO_get_data(bio));
  }
  static int read(BIO* bio, char* out, int size) {
    BIO_clear_retry_flags(bio);
    std::string_view& input = connection(bio).ciphertext_;
    const size_t taken = std::min(input.size(), static_cast<size_t>(size));
    if (taken == 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    std::memcpy(out, input.data(), taken);
    input.remove_prefix(taken);
    return static_cast<int>(taken);
  }
  static int write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    connection(bio).below_->write(std::string_view(bytes, static_cast<size_t>(size)));
    return size;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO* make(TlsConnection& connection) {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir stream");
      BIO_meth_set_read(made, read);
      BIO_meth_set_write(made, write);
      BIO_meth_set_ctrl(made, control);
      return made;
    }();
    BIO* bio = BIO_new(method);
    WEIR_ASSERT(bio != nullptr, "memory for a connection");
    BIO_set_data(bio, &connection);
    BIO_set_init(bio, 1);
    return bio;
  }
};

TlsConnection::TlsConnection(std::unique_ptr<Stream> below,
                             std::shared_ptr<const TlsContext> context, const std::string* host)
    : below_(std::move(below)), context_(std::move(context)), peer_(below_->peer()) {
  ssl_.reset(SSL_new(context_->handle()));
  WEIR_ASSERT(ssl_ != nullptr, "memory for a connection");
  BIO* bio = StreamBio::make(*this);
  SSL_set_bio(ssl_.get(), bio, bio);  // owns it
  if (host == nullptr) {
    SSL_set_accept_state(ssl_.get());
    return;
  }
  expect_host(ssl_.get(), *host);
}

void TlsConnection::start(StreamReader& reader) {
  auto self = shared_from_this();
  reader_ = &reader;
  handshake_timer_ = below_->io_thread().after_ms(kHandshakeMsMax, [weak = weak_from_this()] {
    auto still = weak.lock();
    if (still == nullptr) return;
    still->handshake_timer_ = 0;
    still->fail(Error{Errc::io, "TLS handshake: the peer takes too long"});
  });
  below_->start(*this);
  if (!SSL_is_server(ssl_.get())) advance();  // the client speaks first
}

void TlsConnection::write(std::string_view bytes) {
  if (is_closed_) return;
  plain_out_.append(bytes);
  if (plain_out_.size() > kStreamLowWaterBytes) is_above_low_water_ = true;
  if (std::exchange(is_flush_due_, true)) return;
  below_->io_thread().at_end_of_batch([self = shared_from_this()] {
    self->is_flush_due_ = false;
    if (!self->is_closed_) self->flush();
  });
}

void TlsConnection::close_gracefully() {
  if (std::exchange(is_closed_, true)) return;
  stop_handshake_timer();
  reader_ = nullptr;
  flush();
  if (is_established_) SSL_shutdown(ssl_.get());
  below_->close_gracefully();
}

// OpenSSL reads straight from the bytes of the call; what it leaves, reading being paused, is kept.
void TlsConnection::take(std::string_view bytes) {
  if (is_closed_) return;
  static constexpr size_t kFirstBytes = 8;
  if (!is_established_ && first_bytes_.size() < kFirstBytes)
    first_bytes_.append(bytes.substr(0, kFirstBytes - first_bytes_.size()));
  const bool is_kept = !unread_.empty();
  if (is_kept) unread_.append(bytes);
  ciphertext_ = is_kept ? std::string_view(unread_) : bytes;
  advance();
  const size_t left = std::exchange(ciphertext_, {}).size();
  if (is_kept) {
    unread_.erase(0, unread_.size() - left);
  } else {
    unread_.assign(bytes.substr(bytes.size() - left));
  }
  if (unread_.empty() && unread_.capacity() > kKeptBufferBytes) unread_ = {};
}

// Goes as far as the bytes at hand allow: handshake, then plaintext to the reader.
void TlsConnection::advance() {
  while (!is_closed_ && reader_ != nullptr && !is_paused_) {
    thread_local const std::unique_ptr<char[]> plain(new char[kPlainBytes]);
    size_t size = 0;
    const Step step = read_plain(plain.get(), size);
    if (!is_established_ && SSL_is_init_finished(ssl_.get())) established();
    if (!plain_out_.empty()) flush();
    // The buffer is the thread's, so no call below may come back here with it in use: reading is
    // taken up again by a task of its own.
    if (size > 0) reader_->on_bytes(std::string_view(plain.get(), size));
    if (step == Step::again) continue;
    if (step == Step::ended) end({});
    if (step == Step::failed) fail(failure());
    return;
  }
}

TlsConnection::Step TlsConnection::read_plain(char* plain, size_t& size) {
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

void TlsConnection::established() {
  is_established_ = true;
  first_bytes_ = {};
  stop_handshake_timer();
  // Only one that was verified is here, as anything else fails the handshake.
  const X509* certificate =
      SSL_is_server(ssl_.get()) ? SSL_get0_peer_certificate(ssl_.get()) : nullptr;
  if (certificate != nullptr && SSL_get_verify_result(ssl_.get()) == X509_V_OK)
    peer_.certificate_name = common_name(certificate);
}

void TlsConnection::flush() {
  if (!SSL_is_init_finished(ssl_.get())) return;  // comes with the handshake's end
  size_t done = 0;
  while (done < plain_out_.size()) {
    ERR_clear_error();
    size_t written = 0;
    // Into memory: takes all, or fails for good.
    if (SSL_write_ex(ssl_.get(), plain_out_.data() + done, plain_out_.size() - done, &written) != 1)
      break;
    done += written;
  }
  plain_out_.erase(0, done);
  if (plain_out_.empty() && plain_out_.capacity() > kKeptBufferBytes) plain_out_ = {};
}

// The stream below was above its mark too: ciphertext is longer than what it hides.
void TlsConnection::tell_drained() {
  if (!is_above_low_water_ || reader_ == nullptr || unsent_bytes() > 0) return;
  is_above_low_water_ = false;
  reader_->on_drained();
}

std::string TlsConnection::ask_about_port() const {
  return SSL_is_server(ssl_.get()) ? "" : ask_about_tls_port(context_->authority_setting());
}

Error TlsConnection::failure() const {
  if (is_established_ || !SSL_is_server(ssl_.get()))
    return tls_failure(ssl_.get(), is_established_, context_->authority_setting());
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  std::string_view spoken = what_is_spoken(first_bytes_);
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  if (spoken.empty()) spoken = reason == nullptr ? "failed" : reason;
  return Error{Errc::io, fmt::format("TLS handshake: {}", spoken)};
}

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
