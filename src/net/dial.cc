#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "net/listener.h"
#include "net/mailbox.h"
#include "net/system_reason.h"
#include "net/tcp_stream.h"

namespace weir::net {
namespace {

using Done = std::function<void(Result<std::unique_ptr<Stream>>)>;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};
using Addresses = std::vector<Address>;

Result<Addresses> resolve(const std::string& host, uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) return Error{Errc::not_found, ::gai_strerror(failed)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Address& address = addresses.emplace_back();
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
  }
  return addresses;
}

// One attempt to connect: each of the host's addresses in turn. What it waits for (the resolver,
// the descriptor) holds it; the timer only refers to it.
class Dial final : public LoopClient, public std::enable_shared_from_this<Dial> {
 public:
  Dial(LoopThread& loop, std::string host, uint16_t port, Done done)
      : loop_(loop), host_(std::move(host)), port_(port), done_(std::move(done)) {}

  void start(int64_t timeout_ms) {
    timer_ = loop_.after_ms(timeout_ms, [weak = weak_from_this()] {
      auto self = weak.lock();
      if (!self) return;
      self->timer_ = 0;
      self->fail("timed out");
    });
    auto numeric = resolve(host_, port_, AI_NUMERICHOST);
    if (numeric.ok()) return try_addresses(std::move(*numeric));
    // A name server may take its time, and cannot be hurried: a thread of its own waits for it, and
    // may be still waiting when the loop is gone.
    std::thread([self = shared_from_this(), mailbox = loop_.mailbox()]() mutable {
      auto found = resolve(self->host_, self->port_, AI_ADDRCONFIG);
      Mailbox& to = *mailbox;
      to.post([self = std::move(self), found = std::move(found)]() mutable {
        if (!found.ok()) return self->fail(found.error().message, Errc::not_found);
        self->try_addresses(std::move(*found));
      });
    }).detach();
  }

  void on_readable() override {}
  void on_writable() override {
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(watch_->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) return succeed(watch_->release());
    watch_.reset();
    reason_ = system_reason(error);
    try_next();
  }
  void drop() override {
    const std::shared_ptr<Dial> self = shared_from_this();  // the watch may hold the last reference
    watch_.reset();
  }

 private:
  void try_addresses(Addresses addresses) {
    addresses_ = std::move(addresses);
    try_next();
  }
  void try_next() {
    for (; done_ && next_ < addresses_.size(); reason_ = system_reason(errno)) {
      const Address& to = addresses_[next_++];
      const int fd =
          ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
      if (fd < 0) continue;
      if (::connect(fd, reinterpret_cast<const sockaddr*>(&to.storage), to.size) == 0)
        return succeed(fd);
      if (errno == EINPROGRESS) {
        watch_ = std::make_unique<FdWatch>(loop_, fd, *this);
        return watch_->wait_writable(shared_from_this());
      }
      const int code = errno;
      ::close(fd);
      errno = code;
    }
    fail(reason_);
  }
  void succeed(int fd) {
    finish(make_tcp_stream(loop_, fd, peer_of(addresses_[next_ - 1].storage)));
  }
  void fail(const std::string& reason, Errc code = Errc::unavailable) {
    finish(Error{code, fmt::format("{}:{}: {}", host_, port_, reason)});
  }
  void finish(Result<std::unique_ptr<Stream>> result) {
    if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
    const std::shared_ptr<Dial> self = shared_from_this();  // the watch may hold the last reference
    watch_.reset();
    if (done_) std::exchange(done_, nullptr)(std::move(result));
  }

  LoopThread& loop_;
  const std::string host_;
  const uint16_t port_;
  Done done_;
  IoThread::TimerId timer_ = 0;
  Addresses addresses_;
  size_t next_ = 0;  // of addresses_
  std::string reason_ = "no address";
  std::unique_ptr<FdWatch> watch_;
};

}  // namespace

void dial(IoThread& thread, const std::string& host, uint16_t port, int64_t timeout_ms,
          std::function<void(Result<std::unique_ptr<Stream>>)> done) {
  auto& loop = static_cast<LoopThread&>(thread);
  loop.post([&loop, host, port, timeout_ms, done = std::move(done)]() mutable {
    std::make_shared<Dial>(loop, host, port, std::move(done))->start(timeout_ms);
  });
}

}  // namespace weir::net
