// LoopThread: one event loop on one thread, as net/ itself sees it.
//
// Internal to net/. Descriptors are watched for readiness and read or written by their owner
// without blocking, so that all connections of a thread share one read buffer and what a batch of
// events caused is written once at its end. Asio stands behind this header, and is not in it.
// Everything but post() is for the loop's own thread, or for any one thread once it has stopped.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "net/io_threads.h"

namespace boost::asio {
class io_context;
}

namespace weir::net {

// Larger reads mean fewer system calls, the limit of ingest: 64 KiB parses 22 M MQTT frames a
// second, 256 KiB 26 M. One buffer per thread, so its size does not multiply with connections.
inline constexpr size_t kReadBufferBytes = 256 * 1024;

// Who owns a watched descriptor. Kept alive by the loop while it waits on the owner's behalf.
class LoopClient {
 public:
  virtual ~LoopClient() = default;
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;
  // The end of a batch for which flush_later() was called.
  virtual void flush() {}
  // The loop has stopped: close, silently.
  virtual void drop() = 0;
};

class LoopThread final : public IoThread {
 public:
  explicit LoopThread(size_t index);
  ~LoopThread() override;

  void post(std::function<void()> task) override;
  TimerId after_ms(int64_t delay_ms, std::function<void()> task) override;
  void cancel(TimerId timer) override;
  void at_end_of_batch(std::function<void()> task) override;
  bool is_this_thread() const override;
  size_t index() const override;

  void request_stop();  // any thread
  void join();          // drops what is still open

  boost::asio::io_context& context();
  char* read_buffer();  // kReadBufferBytes, for the duration of one on_readable()
  void flush_later(std::shared_ptr<LoopClient> client);

 private:
  friend class FdWatch;
  struct State;
  std::unique_ptr<State> state_;
};

// Owns a descriptor and waits for it on a loop, for one LoopClient.
class FdWatch {
 public:
  // Takes the descriptor, which is non-blocking, over. `client` is dropped when the loop stops.
  FdWatch(LoopThread& loop, int fd, LoopClient& client);
  ~FdWatch();
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  // One call to on_readable() / on_writable(); at most one wait of each kind at a time.
  void wait_readable(std::shared_ptr<LoopClient> client);
  void wait_writable(std::shared_ptr<LoopClient> client);
  // Ends all waits without a call and closes the descriptor.
  void close();
  // Ends all waits without a call and gives the descriptor back.
  int release();

 private:
  struct Descriptor;
  LoopThread& loop_;
  LoopClient& client_;
  int fd_;
  std::unique_ptr<Descriptor> descriptor_;
};

}  // namespace weir::net
