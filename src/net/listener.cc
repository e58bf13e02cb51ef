#include "net/listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <shared_mutex>

#include "base/assert.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/listen_socket.h"
#include "net/proxy_accept.h"
#include "net/system_reason.h"
#include "net/tcp_stream.h"
#include "net/tls_stream.h"

namespace weir::net {
namespace {

metrics::Counter connections_accepted{"weir_net_accepted_total", "Connections accepted"};
metrics::Counter accept_pauses{"weir_net_accept_pauses_total",
                               "Times accepting was paused for want of descriptors or memory"};

// Accepted in one go before other events of the loop get their turn.
constexpr int kAcceptsPerEvent = 64;
// After running out of descriptors or memory: long enough for some to come free.
constexpr int64_t kAcceptPauseMs = 200;

// Lives on loop 0, which accepts; shared with the tasks that carry connections to other loops.
class Acceptor final : public LoopClient, public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(IoThreads& threads, const ListenAddress& address, const ListenSocket& socket,
           std::function<void(std::unique_ptr<Stream>)> accept, ListenOptions options)
      : threads_(threads),
        loop_(static_cast<LoopThread&>(threads.at(0))),
        fd_(socket.fd),
        address_(address),
        file_number_(socket.file_number),
        bound_(socket.bound),
        accept_(std::move(accept)),
        options_(std::move(options)) {}
  ~Acceptor() override { drop(); }

  void start() {
    loop_.post([self = shared_from_this()] {
      std::lock_guard lock(self->fd_mutex_);
      if (self->stopped_) return;
      self->watch_ = std::make_unique<FdWatch>(self->loop_, self->fd_, *self);
      self->watch_->wait_readable(self);
    });
  }
  void request_stop() {
    stopped_ = true;
    {
      // Refuses connections from here on, and frees the port, before the loop gets to closing.
      std::lock_guard lock(fd_mutex_);
      if (fd_ >= 0) {
        ::shutdown(fd_, SHUT_RDWR);
        remove_listen_file(address_, file_number_);
      }
    }
    loop_.post([self = shared_from_this()] { self->drop(); });
  }
  const Peer& bound() const { return bound_; }
  // Returns once no call to `accept` is under way and none can follow.
  void finish_calls() { std::unique_lock lock(calls_); }

  void on_readable() override;
  void on_writable() override {}
  void drop() override {
    std::lock_guard lock(fd_mutex_);
    const int fd = std::exchange(fd_, -1);
    if (watch_ != nullptr) {
      watch_->close();
    } else if (fd >= 0) {
      ::close(fd);
    }
  }

 private:
  void hand_over(int fd, const sockaddr_storage& address);
  // On the connection's own loop.
  void deliver(LoopThread& loop, int fd, Peer peer);
  void pause(int error);

  IoThreads& threads_;
  LoopThread& loop_;
  std::mutex fd_mutex_;
  int fd_;  // -1 once closed; owned by watch_, if there is one
  const ListenAddress address_;
  const uint64_t file_number_;
  const Peer bound_;
  const std::function<void(std::unique_ptr<Stream>)> accept_;
  const ListenOptions options_;
  std::unique_ptr<FdWatch> watch_;
  std::atomic<bool> stopped_ = false;
  std::shared_mutex calls_;  // held shared during a call to accept_
  size_t next_thread_ = 0;
  bool pause_logged_ = false;
};

void Acceptor::on_readable() {
  if (stopped_ || !watch_->is_open()) return;
  for (int i = 0; i < kAcceptsPerEvent; ++i) {
    sockaddr_storage address{};
    socklen_t length = sizeof(address);
    const int fd = ::accept4(watch_->fd(), reinterpret_cast<sockaddr*>(&address), &length,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      pause_logged_ = false;
      hand_over(fd, address);
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    const bool is_exhausted =
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (is_exhausted) return pause(errno);
    // The rest concerns one connection that is gone already (ECONNABORTED, EPROTO, EINTR ...).
  }
  watch_->wait_readable(shared_from_this());
}

void Acceptor::pause(int error) {
  accept_pauses.add(1);
  if (!std::exchange(pause_logged_, true))
    log::warn("net", "{}: cannot accept connections for now: {}", bound_.text(),
              system_reason(error));
  loop_.after_ms(kAcceptPauseMs, [self = shared_from_this()] {
    if (!self->stopped_ && self->watch_->is_open()) self->watch_->wait_readable(self);
  });
}

void Acceptor::hand_over(int fd, const sockaddr_storage& address) {
  connections_accepted.add(1);
  auto& thread = static_cast<LoopThread&>(threads_.at(next_thread_++ % threads_.count()));
  // Owns the descriptor should the task never run.
  auto owned = std::shared_ptr<int>(new int(fd), [](int* open) {
    if (*open >= 0) ::close(*open);
    delete open;
  });
  Peer peer = address.ss_family == AF_UNIX ? bound_ : peer_of(address);
  auto take = [self = shared_from_this(), &thread, owned, peer = std::move(peer)] {
    if (!self->options_.proxy_protocol)
      return self->deliver(thread, std::exchange(*owned, -1), peer);
    read_proxy_header(thread, std::exchange(*owned, -1), peer,
                      [self, &thread](int connected, Peer told) {
                        self->deliver(thread, connected, std::move(told));
                      });
  };
  if (thread.is_this_thread()) return take();
  thread.post(std::move(take));
}

void Acceptor::deliver(LoopThread& loop, int fd, Peer peer) {
  std::shared_lock lock(calls_);
  if (stopped_) {
    ::close(fd);
    return;
  }
  auto stream = make_tcp_stream(loop, fd, std::move(peer));
  if (options_.tls != nullptr)
    stream = make_tls_server_stream(std::move(stream), options_.tls->context());
  accept_(std::move(stream));
}

class AcceptingListener final : public Listener {
 public:
  explicit AcceptingListener(std::shared_ptr<Acceptor> acceptor) : acceptor_(std::move(acceptor)) {}
  ~AcceptingListener() override {
    stop();
    acceptor_->finish_calls();
  }
  uint16_t port() const override { return acceptor_->bound().port; }
  std::string address() const override { return acceptor_->bound().text(); }
  void stop() override { acceptor_->request_stop(); }

 private:
  const std::shared_ptr<Acceptor> acceptor_;
};

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(
    IoThreads& threads, const ListenAddress& address,
    std::function<void(std::unique_ptr<Stream>)> accept, ListenOptions options) {
  WEIR_TRY(const ListenSocket socket, open_listen_socket(address));
  auto acceptor =
      std::make_shared<Acceptor>(threads, address, socket, std::move(accept), std::move(options));
  acceptor->start();
  return std::unique_ptr<Listener>(std::make_unique<AcceptingListener>(std::move(acceptor)));
}

}  // namespace weir::net
