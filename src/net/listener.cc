#include "net/listener.h"

#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <mutex>
#include <shared_mutex>

#include "base/assert.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/system_reason.h"
#include "net/tcp_stream.h"

namespace weir::net {
namespace {

metrics::Counter connections_accepted{"weir_net_accepted_total", "Connections accepted"};
metrics::Counter accept_pauses{"weir_net_accept_pauses_total",
                               "Times accepting was paused for want of descriptors or memory"};

// Connections the kernel holds until they are accepted; it caps this at net.core.somaxconn.
constexpr int kBacklog = 4096;
// Accepted in one go before other events of the loop get their turn.
constexpr int kAcceptsPerEvent = 64;
// After running out of descriptors or memory: long enough for some to come free.
constexpr int64_t kAcceptPauseMs = 200;

// Lives on loop 0, which accepts; shared with the tasks that carry connections to other loops.
class Acceptor final : public LoopClient, public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(IoThreads& threads, int fd, std::string name,
           std::function<void(std::unique_ptr<Stream>)> accept)
      : threads_(threads),
        loop_(static_cast<LoopThread&>(threads.at(0))),
        fd_(fd),
        name_(std::move(name)),
        accept_(std::move(accept)) {}
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
      if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
    }
    loop_.post([self = shared_from_this()] { self->drop(); });
  }
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
  void pause(int error);

  IoThreads& threads_;
  LoopThread& loop_;
  std::mutex fd_mutex_;
  int fd_;  // -1 once closed; owned by watch_, if there is one
  const std::string name_;
  const std::function<void(std::unique_ptr<Stream>)> accept_;
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
    log::warn("net", "{}: cannot accept connections for now: {}", name_, system_reason(error));
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
  auto take = [self = shared_from_this(), &thread, owned, peer = peer_of(address)] {
    std::shared_lock lock(self->calls_);
    if (self->stopped_) return;
    self->accept_(make_tcp_stream(thread, std::exchange(*owned, -1), peer));
  };
  if (thread.is_this_thread()) return take();
  thread.post(std::move(take));
}

class TcpListener final : public Listener {
 public:
  TcpListener(std::shared_ptr<Acceptor> acceptor, Peer bound)
      : acceptor_(std::move(acceptor)), bound_(std::move(bound)) {}
  ~TcpListener() override {
    stop();
    acceptor_->finish_calls();
  }
  uint16_t port() const override { return bound_.port; }
  std::string address() const override { return bound_.text(); }
  void stop() override { acceptor_->request_stop(); }

 private:
  const std::shared_ptr<Acceptor> acceptor_;
  const Peer bound_;
};

// A bound and listening descriptor, or the reason why not.
Result<int> listen_on(const addrinfo& info, const std::string& name) {
  const int fd = ::socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return Error{Errc::io, fmt::format("{}: {}", name, system_reason(errno))};
  const int on = 1, off = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // "All addresses" means IPv4 as well.
  if (info.ai_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  if (::bind(fd, info.ai_addr, info.ai_addrlen) == 0 && ::listen(fd, kBacklog) == 0) return fd;
  const int code = errno;
  ::close(fd);
  return Error{code == EADDRINUSE ? Errc::conflict : Errc::io,
               fmt::format("{}: {}", name, system_reason(code))};
}

Result<int> listen_on_first(const ListenAddress& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  const std::string name = is_v6 ? fmt::format("[{}]:{}", address.host, address.port)
                                 : fmt::format("{}:{}", address.host, address.port);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  // All addresses: first as one socket for both families, then, without IPv6, for IPv4.
  const char* host = address.host.empty() ? "::" : address.host.c_str();
  const int failed = ::getaddrinfo(host, std::to_string(address.port).c_str(), &hints, &found);
  if (failed != 0) return Error{Errc::invalid, fmt::format("{}: {}", name, ::gai_strerror(failed))};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  auto fd = listen_on(*found, name);
  if (fd.ok() || !address.host.empty()) return fd;
  return listen_on_first(ListenAddress{"0.0.0.0", address.port});
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  auto wrong = [&](std::string_view why) {
    return Error{Errc::invalid, fmt::format("listen address: got \"{}\", {}", text, why)};
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("wanted host:port");
  ListenAddress address;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (host.empty()) return wrong("wanted an address between [ and ]");
  } else if (host.find(':') != std::string_view::npos) {
    return wrong("wanted an IPv6 address in brackets, as in [::1]:8086");
  }
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size())
    return wrong("wanted a port from 0 to 65535");
  if (host != "*") address.host = host;
  return address;
}

Result<std::unique_ptr<Listener>> Listener::open(
    IoThreads& threads, const ListenAddress& address,
    std::function<void(std::unique_ptr<Stream>)> accept) {
  WEIR_TRY(const int fd, listen_on_first(address));
  sockaddr_storage bound{};
  socklen_t length = sizeof(bound);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length);
  Peer name = peer_of(bound);
  auto acceptor = std::make_shared<Acceptor>(threads, fd, name.text(), std::move(accept));
  acceptor->start();
  return std::unique_ptr<Listener>(
      std::make_unique<TcpListener>(std::move(acceptor), std::move(name)));
}

}  // namespace weir::net
