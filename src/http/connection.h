// One HTTP/1.1 server connection: a state machine over a Stream.
//
// Requests are parsed as bytes arrive and answered one at a time, in order; what a client pipelines
// behind a request under way waits, up to kPipelineBytesMax, then reading pauses. A request that
// asks to upgrade turns the connection into a WebSocket. Everything runs on the stream's io thread.
// A malformed or oversized request is answered and ends the connection (RFC 9112 §9.6).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "http/answer.h"
#include "http/router.h"
#include "http/server.h"
#include "http/wire_parser.h"
#include "net/stream.h"

namespace weir::http {

class WebSocketConnection;

// Bytes kept of requests behind the one under way.
inline constexpr size_t kPipelineBytesMax = 64 * 1024;

// What the connections of a server share.
struct ConnectionContext {
  const Router& router;
  const ServerOptions options;
  const std::shared_ptr<AnswerContext> answers;
  // Of requests whose end has not arrived.
  const std::shared_ptr<std::atomic<size_t>> body_bytes = std::make_shared<std::atomic<size_t>>(0);
};

class Connection final : public net::StreamReader,
                         public AnswerSink,
                         public std::enable_shared_from_this<Connection> {
 public:
  // `ended` is called once, on the io thread, when the connection is over.
  Connection(ConnectionContext& context, std::unique_ptr<net::Stream> stream,
             std::function<void(Connection&)> ended);
  ~Connection() override;

  void start();
  // The server is stopping: closes when nothing is under way (any more).
  void finish_soon();
  void close_now();
  // Answers 503 and closes: for a connection above the limit.
  void refuse();

  // net::StreamReader
  void on_bytes(std::string_view bytes) override;
  void on_end(Result<void> how) override;
  void on_drained() override;

  // AnswerSink
  void write_answer(std::string_view bytes, std::shared_ptr<const std::string> body) override;
  bool is_behind() const override;
  void finish_answer(bool keeps_alive) override;
  void abort_answer() override;

 private:
  void process();
  size_t process_some(std::string_view bytes);
  bool accept_head();
  void dispatch();
  bool decode_body(Request& request);
  // Counts what has arrived of the body. False if all bodies together are too many bytes.
  bool hold_body();
  void release_body();
  void upgrade(Request request, const WebSocketHandler& handler);
  void refuse_request(const WireError& error);
  void ended();
  bool is_receiving() const { return answer_ == nullptr && !parser_.is_idle(); }
  int64_t wait_ms_max() const;  // for what the connection waits for at present
  void update_timer();
  void on_timer();

  ConnectionContext& context_;
  std::unique_ptr<net::Stream> stream_;
  std::function<void(Connection&)> ended_;
  RequestParser parser_;
  std::string input_;               // bytes not yet parsed
  std::shared_ptr<Answer> answer_;  // of the request under way
  std::shared_ptr<WebSocketConnection> websocket_;
  bool is_processing_ = false;
  bool has_accepted_head_ = false;
  size_t body_bytes_held_ = 0;  // this connection's part of context_.body_bytes
  bool is_reading_paused_ = false;
  bool client_has_left_ = false;  // it sends no more; an answer may still reach it
  bool is_over_ = false;

  int64_t waiting_since_ms_;  // the last time something moved, for the state it is in
  net::IoThread::TimerId timer_ = 0;
  int64_t timer_due_ms_ = 0;
  size_t unsent_at_timer_ = 0;
};

}  // namespace weir::http
