#include "net/tcp_stream.h"

#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "base/assert.h"
#include "base/metrics.h"
#include "net/system_reason.h"
#include "net/write_queue.h"

namespace weir::net {
namespace {

metrics::Counter bytes_received{"weir_net_received_bytes_total", "Bytes read from connections"};
metrics::Counter bytes_sent{"weir_net_sent_bytes_total", "Bytes written to connections"};
metrics::Counter send_calls{"weir_net_send_calls_total", "System calls that wrote to connections"};
metrics::Gauge connections_open{"weir_net_connections", "Open connections, of all protocols"};

// How long a peer may take to close its side once we have closed ours.
constexpr int64_t kDrainMsMax = 1'000;
// A closing stream that has written nothing for this long is given up.
constexpr int64_t kCloseStalledMsMax = 10'000;
// A peer that vanished without a word (power cut, NAT) is found out after two minutes, whatever the
// protocol above sends or not: first probe, interval and number of probes.
constexpr int kKeepAliveIdleS = 60, kKeepAliveIntervalS = 15, kKeepAliveProbes = 4;

// A peer that closes with bytes unread resets the connection: it has left, and nothing here failed.
Error socket_error(std::string_view what, int code) {
  const bool has_left = code == ECONNRESET || code == EPIPE;
  return Error{has_left ? Errc::unavailable : Errc::io,
               fmt::format("{}: {}", what, system_reason(code))};
}

// The connection proper. The Stream its user holds is a handle on it, so that the user may let go
// of the stream while the loop, or a call from it, still holds the connection.
class TcpConnection final : public LoopClient, public std::enable_shared_from_this<TcpConnection> {
 public:
  TcpConnection(LoopThread& loop, int fd, Peer peer)
      : watch_(loop, fd, *this), peer_(std::move(peer)) {
    if (watch_.is_open()) connections_open.add(1);
  }
  ~TcpConnection() override { close(); }

  void start(StreamReader& reader) {
    WEIR_ASSERT(loop().is_this_thread(), "a stream is used on its own loop");
    reader_ = &reader;
    if (!watch_.is_open()) {
      loop().post([self = shared_from_this()] { self->end(Error{Errc::io, "not connected"}); });
    }
    read_on();
  }
  void pause_reading() { reading_paused_ = true; }
  void resume_reading() {
    reading_paused_ = false;
    if (reader_ != nullptr) read_on();
  }
  void write(std::string_view bytes) {
    if (!may_write()) return;
    queue_.add(bytes);
    after_write();
  }
  void write_shared(std::shared_ptr<const std::string> bytes) {
    if (!may_write()) return;
    queue_.add_shared(std::move(bytes));
    after_write();
  }
  size_t unsent_bytes() const { return queue_.size_bytes(); }
  void close_gracefully();
  void close();
  bool is_closing_gracefully() const { return closing_gracefully_; }
  const Peer& peer() const { return peer_; }
  LoopThread& loop() { return watch_.loop(); }

  void on_readable() override;
  void on_writable() override {
    waiting_writable_ = false;
    flush();
  }
  void flush() override;
  void drop() override { close(); }

 private:
  bool may_write() const { return watch_.is_open() && !closing_gracefully_ && !send_failed_; }
  void after_write() {
    WEIR_ASSERT(loop().is_this_thread(), "a stream is used on its own loop");
    if (queue_.size_bytes() > kStreamLowWaterBytes) above_low_water_ = true;
    if (flush_requested_ || waiting_writable_) return;
    flush_requested_ = true;
    loop().flush_later(shared_from_this());
  }
  void read_on() {
    if (!watch_.is_open() || ended_ || waiting_readable_ || reading_paused_) return;
    waiting_readable_ = true;
    watch_.wait_readable(shared_from_this());
  }
  // Sends what the kernel takes. False after an error.
  bool send_queue();
  void all_sent();
  void end(Result<void> how);
  void begin_drain();
  void watch_closing(size_t unsent_before);

  FdWatch watch_;
  const Peer peer_;
  StreamReader* reader_ = nullptr;
  WriteQueue queue_;
  bool reading_paused_ : 1 = false;
  bool waiting_readable_ : 1 = false;
  bool waiting_writable_ : 1 = false;
  bool flush_requested_ : 1 = false;
  bool above_low_water_ : 1 = false;
  bool ended_ : 1 = false;        // nothing more will be read
  bool send_failed_ : 1 = false;  // nothing more can be written
  bool closing_gracefully_ : 1 = false;
  bool draining_ : 1 = false;
  IoThread::TimerId close_timer_ = 0;
};

// The reader may close the connection, or let the last handle go, in any call below: the loop's
// handler holds a reference meanwhile, and nothing of the reader is touched after a call.
void TcpConnection::on_readable() {
  waiting_readable_ = false;
  if (!watch_.is_open() || ended_ || reading_paused_) return;
  const ssize_t received = ::recv(watch_.fd(), loop().read_buffer(), kReadBufferBytes, 0);
  if (received < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return read_on();
    return end(socket_error("read", errno));
  }
  if (received == 0) return end({});
  const auto size = static_cast<size_t>(received);
  bytes_received.add(size);
  if (reader_ != nullptr) reader_->on_bytes(std::string_view(loop().read_buffer(), size));
  read_on();
}

void TcpConnection::end(Result<void> how) {
  ended_ = true;
  StreamReader* reader = std::exchange(reader_, nullptr);
  if (closing_gracefully_) {
    // The peer has what it wanted, or is gone; unsent bytes still get their chance unless it
    // failed.
    if (draining_ || !how.ok()) close();
    return;
  }
  if (reader != nullptr) reader->on_end(std::move(how));
}

// For one piece the kernel spares itself the list's copy.
ssize_t send_pieces(int fd, std::span<iovec> pieces) {
  if (pieces.size() == 1) {
    return ::send(fd, pieces.front().iov_base, pieces.front().iov_len, MSG_NOSIGNAL);
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

bool TcpConnection::send_queue() {
  iovec pieces[WriteQueue::kPiecesPerCall];
  while (!queue_.empty()) {
    const ssize_t sent = send_pieces(watch_.fd(), {pieces, queue_.fill(pieces)});
    send_calls.add(1);
    if (sent >= 0) {
      bytes_sent.add(static_cast<size_t>(sent));
      queue_.remove(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!waiting_writable_) {
        waiting_writable_ = true;
        watch_.wait_writable(shared_from_this());
      }
      return true;
    } else if (errno != EINTR) {
      const int code = errno;
      send_failed_ = true;
      queue_.clear();
      end(socket_error("write", code));
      return false;
    }
  }
  return true;
}

void TcpConnection::flush() {
  flush_requested_ = false;
  if (!watch_.is_open() || send_failed_) return;
  if (send_queue() && queue_.empty()) all_sent();
}

void TcpConnection::all_sent() {
  if (closing_gracefully_) return begin_drain();
  if (!above_low_water_) return;
  above_low_water_ = false;
  if (reader_ != nullptr) reader_->on_drained();
}

void TcpConnection::close_gracefully() {
  if (!watch_.is_open() || closing_gracefully_) return;
  WEIR_ASSERT(loop().is_this_thread(), "a stream is used on its own loop");
  closing_gracefully_ = true;
  reader_ = nullptr;
  if (send_failed_) return close();
  if (queue_.empty()) return begin_drain();
  watch_closing(queue_.size_bytes());
}

void TcpConnection::begin_drain() {
  if (draining_) return;
  draining_ = true;
  if (ended_) return close();
  ::shutdown(watch_.fd(), SHUT_WR);
  if (close_timer_ != 0) loop().cancel(close_timer_);
  close_timer_ = loop().after_ms(kDrainMsMax, [self = shared_from_this()] {
    self->close_timer_ = 0;
    self->close();
  });
  reading_paused_ = false;
  read_on();
}

void TcpConnection::watch_closing(size_t unsent_before) {
  close_timer_ = loop().after_ms(kCloseStalledMsMax, [self = shared_from_this(), unsent_before] {
    self->close_timer_ = 0;
    if (self->queue_.size_bytes() >= unsent_before) return self->close();
    self->watch_closing(self->queue_.size_bytes());
  });
}

void TcpConnection::close() {
  reader_ = nullptr;
  ended_ = true;
  if (!watch_.is_open()) return;
  connections_open.add(-1);
  if (close_timer_ != 0) loop().cancel(std::exchange(close_timer_, 0));
  queue_.clear();
  watch_.close();
}

class TcpStream final : public Stream {
 public:
  explicit TcpStream(std::shared_ptr<TcpConnection> connection)
      : connection_(std::move(connection)) {}
  ~TcpStream() override {
    if (!connection_->is_closing_gracefully()) connection_->close();
  }
  void start(StreamReader& reader) override { connection_->start(reader); }
  void pause_reading() override { connection_->pause_reading(); }
  void resume_reading() override { connection_->resume_reading(); }
  void write(std::string_view bytes) override { connection_->write(bytes); }
  void write_shared(std::shared_ptr<const std::string> bytes) override {
    connection_->write_shared(std::move(bytes));
  }
  size_t unsent_bytes() const override { return connection_->unsent_bytes(); }
  void close_gracefully() override { connection_->close_gracefully(); }
  void close() override { connection_->close(); }
  const Peer& peer() const override { return connection_->peer(); }
  IoThread& io_thread() override { return connection_->loop(); }

 private:
  const std::shared_ptr<TcpConnection> connection_;
};

}  // namespace

std::unique_ptr<Stream> make_tcp_stream(LoopThread& loop, int fd, Peer peer) {
  // Batches are gathered here; the kernel need not wait for more.
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepAliveIdleS, sizeof(int));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveIntervalS, sizeof(int));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &kKeepAliveProbes, sizeof(int));
  return std::make_unique<TcpStream>(std::make_shared<TcpConnection>(loop, fd, std::move(peer)));
}

}  // namespace weir::net
