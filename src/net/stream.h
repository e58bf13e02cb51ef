// Stream: one connected byte stream, whatever carries it (TCP, TLS, WebSocket).
//
// All members are for the io thread that owns the stream. Reading: the stream reads into its
// thread's one large buffer and hands the bytes to the reader; they are valid during the call only,
// so the reader keeps what it cannot use yet. Writing: bytes are queued and written at the end of
// the current batch of events, in one system call if the peer keeps up. unsent_bytes() is the
// back-pressure signal; the owner of the stream decides what to do about a slow peer.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/io_threads.h"

namespace weir::net {

// Above this much unsent the peer counts as slow: on_drained() tells when it has caught up.
inline constexpr size_t kStreamLowWaterBytes = 64 * 1024;

struct Peer {
  std::string address;  // "127.0.0.1", "::1", "unix:/run/weir.sock"
  uint16_t port = 0;
  bool is_loopback = false;
  // The common name in the certificate that a TLS client has shown and proved to be its own.
  std::string certificate_name = {};
  std::string text() const;  // "127.0.0.1:50432", "[::1]:50432", "unix:/run/weir.sock"
};

class StreamReader {
 public:
  virtual ~StreamReader() = default;
  virtual void on_bytes(std::string_view bytes) = 0;
  // The peer closed (ok) or the stream failed. The last call; the stream reads no more.
  virtual void on_end(Result<void> how) = 0;
  // Everything queued has been written, after unsent_bytes() had been above kStreamLowWaterBytes.
  virtual void on_drained() {}
};

class Stream {
 public:
  virtual ~Stream() = default;
  // Starts reading. `reader` outlives the stream or its close().
  virtual void start(StreamReader& reader) = 0;
  // Back-pressure: no on_bytes() until resumed. The kernel's buffer fills, and the peer waits.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
  // Queues bytes; they are copied or moved in.
  virtual void write(std::string_view bytes) = 0;
  // Queues bytes shared by many streams (a message to many subscribers) without copying them.
  virtual void write_shared(std::shared_ptr<const std::string> bytes) = 0;
  virtual size_t unsent_bytes() const = 0;
  // Writes what is queued, shuts down the sending side, reads and discards until the peer closes
  // (at most a second), then closes. No further calls to the reader.
  virtual void close_gracefully() = 0;
  // Closes now. No further calls to the reader.
  virtual void close() = 0;
  virtual const Peer& peer() const = 0;
  virtual IoThread& io_thread() = 0;
};

}  // namespace weir::net
