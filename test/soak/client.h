// One connection of the soak's clients: a blocking socket and the packets on it.
//
// Everything may fail at any time, since the broker closes connections for good reasons (another
// client takes the session over): calls then return false, and the client goes on to its next life.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "mqtt/packet.h"

namespace weir::soak {

class Link {
 public:
  explicit Link(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval patience{30, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    is_open_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Link() { ::close(fd_); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  bool is_open() const { return is_open_; }
  bool send(std::string_view bytes) {
    while (is_open_ && !bytes.empty()) {
      ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return is_open_ = false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return is_open_;
  }
  // Reads what comes within `wait_ms` and visits each packet.
  bool receive(int wait_ms, const std::function<void(const mqtt::Frame&)>& visit) {
    pollfd one{fd_, POLLIN, 0};
    if (!is_open_) return false;
    if (::poll(&one, 1, wait_ms) <= 0) return true;
    char block[16384];
    ssize_t got = ::recv(fd_, block, sizeof block, 0);
    if (got <= 0) return is_open_ = false;
    in_.append(block, static_cast<size_t>(got));
    size_t used = 0;
    mqtt::Frame frame;
    while (mqtt::cut_frame(std::string_view(in_).substr(used), UINT32_MAX, frame) ==
           mqtt::Cut::complete) {
      used += frame.size_bytes;
      visit(frame);
    }
    in_.erase(0, used);
    return true;
  }

 private:
  const int fd_;
  bool is_open_ = false;
  std::string in_;
};

}  // namespace weir::soak
