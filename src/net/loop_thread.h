// LoopThread: one event loop on one thread, as net/ itself sees it.
//
// Internal to net/. Descriptors are watched for readiness (epoll) and read or written by their
// owner without blocking, so that all connections of a thread share one read buffer and what a
// batch of events caused is written once at its end. A loop's work is done by one thread at a time:
// its own or, while that one waits for events, one that hands something over (hand_over()), or for
// longer its keeper's; whoever does it holds the loop. Everything but post() and hand_over() is for
// the holder, or for any one thread once the loop has stopped.
#pragma once

#include <cstdint>
#include <memory>

#include "net/io_threads.h"

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

class Mailbox;

class LoopThread final : public IoThread {
 public:
  // `keeper`: the loop whose thread does this one's work too while there is little; it is told to
  // stop, and joined, first.
  explicit LoopThread(size_t index, LoopThread* keeper = nullptr);
  ~LoopThread() override;

  void post(std::function<void()> task) override;
  void hand_over(std::function<void()> task) override;
  TimerId after_ms(int64_t delay_ms, std::function<void()> task) override;
  void cancel(TimerId timer) override;
  void at_end_of_batch(std::function<void()> task) override;
  bool is_this_thread() const override;
  size_t index() const override;

  void request_stop();  // any thread
  void join();          // drops what is still open

  // For threads that may outlive the loop and still post.
  std::shared_ptr<Mailbox> mailbox();
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
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;
  LoopThread& loop() const { return loop_; }
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
  LoopThread& loop_;
  int fd_;
  uint32_t slot_ = 0;  // in the loop's table
};

}  // namespace weir::net
