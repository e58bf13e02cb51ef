// Listener: accepts TCP connections and hands each to an io thread as a Stream.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/stream.h"

namespace weir::net {

// "127.0.0.1:1883", "[::1]:0", ":8086" (all addresses). Port 0 takes a free one.
struct ListenAddress {
  std::string host;
  uint16_t port = 0;
};
Result<ListenAddress> parse_listen_address(std::string_view text);

class Listener {
 public:
  // `accept` runs on the io thread that owns the new stream. Errors name the address and the
  // system's reason ("127.0.0.1:1883: address already in use").
  static Result<std::unique_ptr<Listener>> open(
      IoThreads& threads, const ListenAddress& address,
      std::function<void(std::unique_ptr<Stream>)> accept);
  virtual ~Listener() = default;
  virtual uint16_t port() const = 0;        // the one taken
  virtual std::string address() const = 0;  // "127.0.0.1:1883"
  virtual void stop() = 0;                  // no new connections; any thread
};

// Connects (name resolution off the io thread); `done` runs on `thread`.
void dial(IoThread& thread, const std::string& host, uint16_t port, int64_t timeout_ms,
          std::function<void(Result<std::unique_ptr<Stream>>)> done);

}  // namespace weir::net
