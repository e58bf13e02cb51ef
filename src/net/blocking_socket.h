// A blocking TCP connection with time-outs, for callers that have a thread to wait on: the HTTP
// client of the command line and of remote stores, and tests.
//
// Errors name the host and the system's reason: Errc::unavailable for everything that fails here,
// since the other side cannot be reached or has gone. Never on an io thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::net {

// Asked again and again while somebody waits; an error ends the wait, and is what comes of it.
using WaitCheck = std::function<Result<void>()>;

class BlockingSocket {
 public:
  // At most so long a wait goes on without its check being asked.
  static constexpr int64_t kCheckMs = 50;

  // A host "unix:/path" is a unix socket, and has no port. `check`, if there is one, is asked in
  // all waits of the socket; looking up a host's name is none.
  static Result<BlockingSocket> connect(const std::string& host, uint16_t port, int64_t timeout_ms,
                                        WaitCheck check = nullptr);
  BlockingSocket(BlockingSocket&& other) noexcept;
  BlockingSocket& operator=(BlockingSocket&& other) noexcept;
  ~BlockingSocket();

  Result<void> send_all(std::string_view bytes, int64_t timeout_ms);
  // At least one byte appended to `out`, or 0 at the end of the stream.
  Result<size_t> receive(std::string& out, int64_t timeout_ms);
  // Whether receive() has something, or the end, by then.
  Result<bool> wait_readable(int64_t timeout_ms);
  const std::string& name() const { return name_; }  // "localhost:8086", "unix:/path"
  void shutdown_send();
  // Closes with a reset instead of a farewell: for tests of broken peers.
  void reset();
  int fd() const { return fd_; }

 private:
  static Result<BlockingSocket> connect_unix(const std::string& name);
  BlockingSocket(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  Result<void> wait(short events, int64_t timeout_ms);
  Result<bool> poll_within(short events, int64_t timeout_ms);
  int fd_ = -1;
  std::string name_;
  WaitCheck check_;
};

}  // namespace weir::net
