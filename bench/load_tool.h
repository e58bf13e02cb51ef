// What the load tools share: blocking sockets, time, command-line numbers, failing with a message.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

namespace weir::bench {

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "load: %s\n", what.c_str());
  std::exit(1);
}

inline double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// `--name value` pairs.
class Options {
 public:
  Options(int count, char** arguments) {
    for (int i = 1; i + 1 < count; i += 2) {
      if (std::string_view(arguments[i]).substr(0, 2) != "--") fail("wanted --name value pairs");
      values_[arguments[i] + 2] = arguments[i + 1];
    }
    if (count % 2 == 0) fail("wanted --name value pairs");
  }
  std::string text(const std::string& name, const std::string& otherwise) const {
    auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  size_t number(const std::string& name, size_t otherwise) const {
    auto found = values_.find(name);
    return found == values_.end() ? otherwise : std::strtoull(found->second.c_str(), nullptr, 10);
  }

 private:
  std::map<std::string, std::string> values_;
};

class Socket {
 public:
  explicit Socket(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      fail(std::string("connect: ") + std::strerror(errno));
    }
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send_all(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) fail(std::string("send: ") + std::strerror(errno));
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
  // Appends what is there, at least one byte.
  void receive(std::string& to) {
    char block[65536];
    ssize_t got = recv(fd_, block, sizeof block, 0);
    if (got <= 0) fail(got == 0 ? "the server closed the connection" : std::strerror(errno));
    to.append(block, static_cast<size_t>(got));
  }

 private:
  int fd_;
};

}  // namespace weir::bench
