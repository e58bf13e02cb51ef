#include "net/blocking_socket.h"

#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <memory>
#include <utility>

#include "net/system_reason.h"

namespace weir::net {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr size_t kReceiveBytes = 64 * 1024;

Error unavailable(std::string_view name, std::string_view reason) {
  return Error{Errc::unavailable, fmt::format("{}: {}", name, reason)};
}

}  // namespace

BlockingSocket::BlockingSocket(BlockingSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      name_(std::move(other.name_)),
      check_(std::move(other.check_)) {}

BlockingSocket& BlockingSocket::operator=(BlockingSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(name_, other.name_);
  std::swap(check_, other.check_);
  return *this;
}

BlockingSocket::~BlockingSocket() {
  if (fd_ >= 0) ::close(fd_);
}

Result<BlockingSocket> BlockingSocket::connect_unix(const std::string& name) {
  const std::string_view path = std::string_view(name).substr(kUnixPrefix.size());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return unavailable(name, "the path is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return unavailable(name, system_reason(errno));
  BlockingSocket socket(fd, name);
  // At once, or not at all.
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return unavailable(name, system_reason(errno));
  return socket;
}

Result<BlockingSocket> BlockingSocket::connect(const std::string& host, uint16_t port,
                                               int64_t timeout_ms, WaitCheck check) {
  if (host.starts_with(kUnixPrefix)) return connect_unix(host);
  const std::string name = fmt::format("{}:{}", host, port);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) return unavailable(name, ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);

  std::string reason = "no address";
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    const int fd = ::socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return unavailable(name, system_reason(errno));
    BlockingSocket socket(fd, name);
    socket.check_ = check;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (::connect(fd, info->ai_addr, info->ai_addrlen) == 0) return socket;
    if (errno != EINPROGRESS) {
      reason = system_reason(errno);
      continue;
    }
    auto connected = socket.wait(POLLOUT, timeout_ms);
    if (!connected.ok()) return std::move(connected).error();
    int code = 0;
    socklen_t length = sizeof(code);
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length);
    if (code == 0) return socket;
    reason = system_reason(code);
  }
  return unavailable(name, reason);
}

Result<bool> BlockingSocket::poll_within(short events, int64_t timeout_ms) {
  pollfd poll_entry{fd_, events, 0};
  int64_t left_ms = std::clamp<int64_t>(timeout_ms, 0, INT_MAX);
  for (;;) {
    if (check_) WEIR_CHECK(check_());
    const int64_t slice_ms = check_ ? std::min(left_ms, kCheckMs) : left_ms;
    const int ready = ::poll(&poll_entry, 1, static_cast<int>(slice_ms));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return unavailable(name_, system_reason(errno));
    if (ready == 0 && (left_ms -= slice_ms) <= 0) return false;
  }
}

Result<void> BlockingSocket::wait(short events, int64_t timeout_ms) {
  WEIR_TRY(const bool ready, poll_within(events, timeout_ms));
  if (!ready) return unavailable(name_, "timed out");
  return {};
}

Result<bool> BlockingSocket::wait_readable(int64_t timeout_ms) {
  return poll_within(POLLIN, timeout_ms);
}

Result<void> BlockingSocket::send_all(std::string_view bytes, int64_t timeout_ms) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      WEIR_CHECK(wait(POLLOUT, timeout_ms));
    } else if (errno != EINTR) {
      return unavailable(name_, system_reason(errno));
    }
  }
  return {};
}

Result<size_t> BlockingSocket::receive(std::string& out, int64_t timeout_ms) {
  const size_t size_before = out.size();
  out.resize(size_before + kReceiveBytes);
  for (;;) {
    const ssize_t received = ::recv(fd_, out.data() + size_before, kReceiveBytes, 0);
    out.resize(size_before + static_cast<size_t>(std::max<ssize_t>(received, 0)));
    if (received >= 0) return static_cast<size_t>(received);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      WEIR_CHECK(wait(POLLIN, timeout_ms));
    } else if (errno != EINTR) {
      return unavailable(name_, system_reason(errno));
    }
    out.resize(size_before + kReceiveBytes);
  }
}

void BlockingSocket::shutdown_send() { ::shutdown(fd_, SHUT_WR); }

void BlockingSocket::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  ::close(std::exchange(fd_, -1));
}

}  // namespace weir::net
