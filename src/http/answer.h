// One request's answer on its way from a handler, on any thread, to its connection's io thread.
//
// The handler holds the Responder made by make_responder(); the connection holds the Answer.
// Bytes are serialised and compressed on the handler's thread, gathered under the lock, and taken
// by the io thread in one posted task however many writes came in between. A handler that lets its
// Responder go without answering answers 500.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "http/compression.h"
#include "http/message.h"
#include "net/stream.h"

namespace weir::http {

// A handler on a worker waits while this much of its answer is not yet with the kernel: enough to
// keep a fast client busy between two turns of the io thread, little enough for many slow ones.
inline constexpr size_t kAnswerBufferBytesMax = 1024 * 1024;

// What all answers of a server share, and may still read when the server is gone.
struct AnswerContext {
  AnswerContext(Headers headers, const Clock& wall_clock)
      : common_headers(std::move(headers)), clock(wall_clock) {}
  const Headers common_headers;
  const Clock& clock;
  std::atomic<bool> is_stopping = false;  // answers close their connections from then on
};

// What the request asks of its answer.
struct AnswerShape {
  bool is_head = false;      // the request was HEAD: no body
  bool is_http_1_0 = false;  // no chunks
  bool keeps_alive = true;
  bool accepts_gzip = false;
};

// The connection, as its answer sees it. On the io thread.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  // `body` may be null; it follows `bytes`.
  virtual void write_answer(std::string_view bytes, std::shared_ptr<const std::string> body) = 0;
  // True if so much is unsent that answer_drained() will follow.
  virtual bool is_behind() const = 0;
  virtual void finish_answer(bool keeps_alive) = 0;
  virtual void abort_answer() = 0;
};

class Answer : public std::enable_shared_from_this<Answer> {
 public:
  Answer(net::IoThread& io_thread, std::weak_ptr<AnswerSink> sink,
         std::shared_ptr<const AnswerContext> context, AnswerShape shape);

  // For the handler, any thread (http/message.h).
  void send(int status, Headers headers, std::string body);
  void start(int status, Headers headers);
  bool write(std::string_view bytes);
  void finish();
  void abort();
  bool closed() const { return is_gone_.load(std::memory_order_acquire); }
  void on_closed(std::function<void()> callback);
  void abandon();  // the handler has let go

  // For the connection, on the io thread.
  void drained();
  void client_left();
  void forget();  // the request has become something else (a WebSocket): no answer will come

 private:
  enum class Phase { waiting, streaming, finished };
  void begin(int status);
  std::string head(int status, const Headers& headers, bool has_length, size_t length);
  void add_gzip_headers(Headers& headers, bool compresses);
  void hand_over();
  void deliver();  // on the io thread

  net::IoThread& io_thread_;
  const std::weak_ptr<AnswerSink> sink_;
  const std::shared_ptr<const AnswerContext> context_;
  const AnswerShape shape_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::atomic<bool> is_gone_ = false;  // the client: nothing reaches it any more

  // Of the handler's calls, which come one after the other.
  Phase phase_ = Phase::waiting;
  bool keeps_alive_ = false;
  bool is_chunked_ = false;
  bool drops_body_ = false;
  bool is_cut_ = false;  // bytes were swallowed: the answer must not look complete
  std::unique_ptr<GzipStream> gzip_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::string head_;                         // ready to send as it is
  std::string pieces_;                       // streamed bytes, not yet framed
  std::shared_ptr<const std::string> body_;  // a whole body too large to copy
  bool is_last_ = false;
  bool is_aborted_ = false;
  bool is_delivery_due_ = false;
  size_t undrained_bytes_ = 0;  // with the stream, beyond its low-water mark
  std::function<void()> closed_callback_;
  bool is_done_ = false;  // the last byte is with the stream
};

ResponderPtr make_responder(std::shared_ptr<Answer> answer);

}  // namespace weir::http
