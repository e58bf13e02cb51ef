#include "net/listen_socket.h"

#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "net/system_reason.h"
#include "net/tcp_stream.h"

namespace weir::net {
namespace {

// Connections the kernel holds until they are accepted; it caps this at net.core.somaxconn.
constexpr int kBacklog = 4096;
// Whoever may write to the socket's file may connect: the user weir runs as, and its group.
constexpr mode_t kUnixSocketMode = 0660;
constexpr std::string_view kUnixPrefix = "unix:";

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

Result<int> listen_on_tcp(const ListenAddress& address) {
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
  return listen_on_tcp(ListenAddress{"0.0.0.0", address.port, {}});
}

// The socket's file of a process that has ended answers nobody: it may be replaced. Anything else
// that is there may not.
Result<void> remove_stale_socket(const sockaddr_un& address, const std::string& name) {
  struct stat found {};
  if (::lstat(address.sun_path, &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode))
    return Error{Errc::invalid, name + ": there is a file of that name that is no socket"};
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error{Errc::io, fmt::format("{}: {}", name, system_reason(errno))};
  const bool is_refused =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 &&
      errno == ECONNREFUSED;
  ::close(fd);
  if (!is_refused) return Error{Errc::conflict, name + ": another process listens there"};
  if (::unlink(address.sun_path) != 0 && errno != ENOENT)
    return Error{Errc::io, fmt::format("{}: {}", name, system_reason(errno))};
  return {};
}

Result<int> listen_on_unix(const std::string& path) {
  const std::string name = std::string(kUnixPrefix) + path;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return Error{Errc::invalid, fmt::format("{}: the path is longer than {} bytes", name,
                                            sizeof(address.sun_path) - 1)};
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  WEIR_CHECK(remove_stale_socket(address, name));
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error{Errc::io, fmt::format("{}: {}", name, system_reason(errno))};
  // Nobody can connect before listen(), so the mode is in force in time.
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      ::chmod(address.sun_path, kUnixSocketMode) == 0 && ::listen(fd, kBacklog) == 0)
    return fd;
  const int code = errno;
  ::close(fd);
  return Error{code == EADDRINUSE ? Errc::conflict : Errc::io,
               fmt::format("{}: {}", name, system_reason(code))};
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  auto wrong = [&](std::string_view why) {
    return Error{Errc::invalid, fmt::format("listen address: got \"{}\", {}", text, why)};
  };
  if (text.starts_with(kUnixPrefix)) {
    ListenAddress address;
    address.path = text.substr(kUnixPrefix.size());
    if (address.path.empty()) return wrong("wanted a path behind unix:");
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("wanted host:port or unix:/path");
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

Result<ListenSocket> open_listen_socket(const ListenAddress& address) {
  ListenSocket opened;
  if (!address.path.empty()) {
    WEIR_TRY(opened.fd, listen_on_unix(address.path));
    opened.bound = unix_peer(address.path);
    struct stat file {};
    if (::stat(address.path.c_str(), &file) == 0) opened.file_number = file.st_ino;
    return opened;
  }
  WEIR_TRY(opened.fd, listen_on_tcp(address));
  sockaddr_storage bound{};
  socklen_t length = sizeof(bound);
  ::getsockname(opened.fd, reinterpret_cast<sockaddr*>(&bound), &length);
  opened.bound = peer_of(bound);
  return opened;
}

std::vector<Result<void>> try_listening(const std::vector<ListenAddress>& addresses) {
  std::vector<Result<void>> answers;
  std::vector<int> opened;
  for (const ListenAddress& address : addresses) {
    Result<void>& answer = answers.emplace_back();
    if (!address.path.empty() || address.port == 0) continue;
    auto fd = listen_on_tcp(address);
    if (fd.ok()) {
      opened.push_back(*fd);
    } else {
      answer = std::move(fd).error();
    }
  }
  for (int fd : opened) ::close(fd);
  return answers;
}

void remove_listen_file(const ListenAddress& address, uint64_t file_number) {
  struct stat file {};
  if (address.path.empty() || ::stat(address.path.c_str(), &file) != 0) return;
  if (file.st_ino == file_number) ::unlink(address.path.c_str());
}

Peer unix_peer(const std::string& path) {
  Peer peer;
  peer.address = std::string(kUnixPrefix) + path;
  peer.is_loopback = true;
  return peer;
}

}  // namespace weir::net
