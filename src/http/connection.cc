#include "http/connection.h"

#include <fmt/core.h>

#include "base/assert.h"
#include "http/error_response.h"
#include "http/status.h"
#include "http/text.h"
#include "http/websocket_connection.h"

namespace weir::http {

Connection::Connection(ConnectionContext& context, std::unique_ptr<net::Stream> stream,
                       std::function<void(Connection&)> ended)
    : context_(context),
      stream_(std::move(stream)),
      ended_(std::move(ended)),
      parser_({context.options.head_bytes_max, context.options.body_bytes_max}),
      waiting_since_ms_(context.answers->clock.steady_ms()) {}

Connection::~Connection() {
  if (answer_ != nullptr) answer_->client_left();
}

void Connection::start() {
  stream_->start(*this);
  update_timer();
}

void Connection::on_bytes(std::string_view bytes) {
  auto self = shared_from_this();
  if (websocket_ != nullptr) return websocket_->on_bytes(bytes);
  if (answer_ != nullptr || !input_.empty()) {
    input_.append(bytes);
    if (answer_ == nullptr) return process();
    if (input_.size() > kPipelineBytesMax && !std::exchange(is_reading_paused_, true))
      stream_->pause_reading();
    return;
  }
  // The usual case: parsed straight from the thread's read buffer.
  if (parser_.is_idle()) waiting_since_ms_ = context_.answers->clock.steady_ms();
  const size_t used = process_some(bytes);
  if (is_over_) return;
  if (websocket_ != nullptr) {
    if (used < bytes.size()) websocket_->on_bytes(bytes.substr(used));
    return;
  }
  input_.assign(bytes.substr(used));
  update_timer();
}

void Connection::process() {
  const size_t used = process_some(input_);
  if (is_over_) return;
  input_.erase(0, used);
  if (websocket_ != nullptr) {
    const std::string rest = std::exchange(input_, {});
    if (!rest.empty()) websocket_->on_bytes(rest);
    return;
  }
  if (is_reading_paused_ && input_.size() <= kPipelineBytesMax) {
    is_reading_paused_ = false;
    stream_->resume_reading();
  }
  update_timer();
}

// Parses and dispatches until a request is under way or the bytes run out; returns how many it
// used.
size_t Connection::process_some(std::string_view bytes) {
  is_processing_ = true;
  size_t used = 0;
  while (answer_ == nullptr && !is_over_ && websocket_ == nullptr) {
    used += parser_.feed(bytes.substr(used));
    if (const WireError* failure = parser_.failure()) {
      refuse_request(*failure);
      break;
    }
    if (parser_.is_head_complete() && !has_accepted_head_) {
      has_accepted_head_ = true;
      if (!accept_head()) break;
    }
    if (!parser_.is_complete()) {
      if (!hold_body())
        refuse_request({503, Error{Errc::unavailable, "too much is being sent at once"}});
      break;
    }
    dispatch();
    if (used == bytes.size()) break;
  }
  is_processing_ = false;
  return used;
}

// Before the body arrives. False if the request has been refused.
bool Connection::accept_head() {
  const std::string_view encoding = parser_.request().headers.get("Content-Encoding");
  const bool is_known = encoding.empty() || equal_ignoring_case(encoding, "identity") ||
                        equal_ignoring_case(encoding, "gzip") ||
                        equal_ignoring_case(encoding, "x-gzip");
  if (!is_known) {
    refuse_request({415, Error{Errc::invalid,
                               fmt::format("content encoding \"{}\" is not supported: send gzip "
                                           "or identity",
                                           encoding)}});
    return false;
  }
  if (!parser_.is_complete() && parser_.expects_continue())
    stream_->write("HTTP/1.1 100 Continue\r\n\r\n");
  return true;
}

bool Connection::hold_body() {
  const size_t arrived = parser_.request().body.size() - body_bytes_held_;
  body_bytes_held_ += arrived;
  return context_.body_bytes->fetch_add(arrived, std::memory_order_relaxed) + arrived <=
         context_.options.bodies_bytes_max;
}

void Connection::release_body() {
  context_.body_bytes->fetch_sub(std::exchange(body_bytes_held_, 0), std::memory_order_relaxed);
}

void Connection::dispatch() {
  release_body();
  const bool keeps_alive = parser_.keeps_alive() && !context_.answers->is_stopping;
  AnswerShape shape;
  shape.is_http_1_0 = parser_.is_http_1_0();
  Request request = parser_.take_request();
  parser_.reset();
  has_accepted_head_ = false;

  request.peer = stream_->peer();
  request.encrypted = context_.options.listen.tls != nullptr;
  shape.is_head = request.method == "HEAD";
  shape.keeps_alive = keeps_alive;
  shape.accepts_gzip = accepts_gzip(request.headers.get("Accept-Encoding"));
  answer_ =
      std::make_shared<Answer>(stream_->io_thread(), weak_from_this(), context_.answers, shape);
  auto responder = make_responder(answer_);

  if (!decode_body(request)) return;
  if (equal_ignoring_case(request.headers.get("Upgrade"), "websocket") &&
      list_has_token(request.headers.get("Connection"), "upgrade")) {
    if (const WebSocketHandler* handler = context_.router.find_websocket(request.path))
      return upgrade(std::move(request), *handler);
  }
  context_.router.handle(std::move(request), std::move(responder));
}

// Undoes the content encoding. False if that failed and has been answered.
bool Connection::decode_body(Request& request) {
  const std::string_view encoding = request.headers.get("Content-Encoding");
  if (encoding.empty() || equal_ignoring_case(encoding, "identity") || request.body.empty())
    return true;
  auto decoded = gunzip(request.body, context_.options.body_bytes_max);
  if (decoded.ok()) {
    request.body = std::move(*decoded);
    return true;
  }
  ErrorResponse response = error_response(decoded.error());
  answer_->send(response.status, std::move(response.headers), std::move(response.body));
  return false;
}

void Connection::upgrade(Request request, const WebSocketHandler& handler) {
  // The answer given is either a refusal, sent as one, or a handshake, after which HTTP is over.
  const auto accept_key = websocket_accept_key(request);
  if (!accept_key.ok()) {
    ErrorResponse response = error_response(accept_key.error());
    response.headers.set("Sec-WebSocket-Version", "13");
    return answer_->send(response.status, std::move(response.headers), std::move(response.body));
  }
  WebSocketAnswer decision = handler(request);
  if (decision.refuse_status != 0)
    return answer_->send(decision.refuse_status, std::move(decision.refuse_headers),
                         std::move(decision.refuse_body));
  std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
      *accept_key + "\r\n";
  if (!decision.subprotocol.empty())
    head += "Sec-WebSocket-Protocol: " + decision.subprotocol + "\r\n";
  for (const auto& [name, value] : context_.answers->common_headers.all())
    head += name + ": " + value + "\r\n";
  stream_->write(head + "\r\n");
  answer_->forget();
  answer_ = nullptr;
  websocket_ = std::make_shared<WebSocketConnection>(
      *stream_, context_.options.websocket_message_bytes_max,
      [weak = weak_from_this()](bool gracefully) {
        if (auto self = weak.lock(); self && !self->is_over_) {
          gracefully ? self->stream_->close_gracefully() : self->stream_->close();
          self->ended();
        }
      });
  websocket_->open(decision);
}

void Connection::refuse_request(const WireError& error) {
  AnswerShape shape;
  shape.is_http_1_0 = parser_.is_http_1_0();
  shape.is_head = parser_.request().method == "HEAD";
  shape.keeps_alive = false;
  answer_ =
      std::make_shared<Answer>(stream_->io_thread(), weak_from_this(), context_.answers, shape);
  ErrorResponse response = error_response(error.error, error.status);
  answer_->send(error.status, std::move(response.headers), std::move(response.body));
}

void Connection::refuse() {
  auto self = shared_from_this();
  stream_->start(*this);
  refuse_request({503, Error{Errc::unavailable, "too many connections"}});
}

void Connection::write_answer(std::string_view bytes, std::shared_ptr<const std::string> body) {
  if (is_over_) return;
  stream_->write(bytes);
  if (body != nullptr) stream_->write_shared(std::move(body));
}

bool Connection::is_behind() const {
  return !is_over_ && stream_->unsent_bytes() > net::kStreamLowWaterBytes;
}

void Connection::finish_answer(bool keeps_alive) {
  auto self = shared_from_this();
  answer_ = nullptr;
  if (is_over_) return;
  if (!keeps_alive || client_has_left_ || context_.answers->is_stopping) {
    stream_->close_gracefully();
    return ended();
  }
  waiting_since_ms_ = context_.answers->clock.steady_ms();
  unsent_at_timer_ = 0;
  if (!is_processing_) process();
}

void Connection::abort_answer() {
  answer_ = nullptr;
  close_now();
}

void Connection::on_drained() {
  auto self = shared_from_this();
  waiting_since_ms_ = context_.answers->clock.steady_ms();
  unsent_at_timer_ = 0;
  if (answer_ != nullptr) answer_->drained();
  if (websocket_ != nullptr) websocket_->on_drained();
}

void Connection::on_end(Result<void> how) {
  auto self = shared_from_this();
  client_has_left_ = true;
  if (websocket_ != nullptr) {
    websocket_->on_end();
    stream_->close();
    return ended();
  }
  if (answer_ == nullptr || !how.ok()) return close_now();
  // The client may have shut down only its own side: cancel what is slow, deliver what comes.
  answer_->client_left();
}

void Connection::finish_soon() {
  auto self = shared_from_this();
  if (is_over_) return;
  if (websocket_ != nullptr) return websocket_->close(1001, "server is stopping");
  if (answer_ != nullptr || !parser_.is_idle()) return;  // its answer closes the connection
  stream_->close_gracefully();
  ended();
}

void Connection::close_now() {
  auto self = shared_from_this();
  if (is_over_) return;
  if (websocket_ != nullptr) websocket_->on_end();
  stream_->close();
  ended();
}

void Connection::ended() {
  if (std::exchange(is_over_, true)) return;
  release_body();
  if (timer_ != 0) stream_->io_thread().cancel(std::exchange(timer_, 0));
  if (answer_ != nullptr) std::exchange(answer_, nullptr)->client_left();
  if (ended_) std::exchange(ended_, nullptr)(*this);
}

// Three waits have a limit: for a request, for its end, and for the client to take the answer.
// The work on an answer has none here.
int64_t Connection::wait_ms_max() const {
  const ServerOptions& options = context_.options;
  if (is_receiving()) return options.request_ms_max;
  const bool is_sending = answer_ != nullptr || stream_->unsent_bytes() > 0;
  return is_sending ? options.stalled_ms_max : options.idle_ms_max;
}

// One timer, moved lazily: it is only ever set earlier.
void Connection::update_timer() {
  if (is_over_ || websocket_ != nullptr) return;
  const int64_t due_ms = waiting_since_ms_ + wait_ms_max();
  if (timer_ != 0) {
    if (due_ms >= timer_due_ms_) return;
    stream_->io_thread().cancel(timer_);
  }
  timer_due_ms_ = due_ms;
  const int64_t delay_ms = std::max<int64_t>(due_ms - context_.answers->clock.steady_ms(), 1);
  timer_ = stream_->io_thread().after_ms(delay_ms, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->on_timer();
  });
}

void Connection::on_timer() {
  timer_ = 0;
  if (is_over_ || websocket_ != nullptr) return;
  const int64_t now_ms = context_.answers->clock.steady_ms();
  const int64_t limit_ms = wait_ms_max();
  if (now_ms - waiting_since_ms_ >= limit_ms) {
    if (is_receiving()) {
      refuse_request(
          {408, Error{Errc::invalid, fmt::format("the request took longer than {} ms", limit_ms)}});
      return;
    }
    const size_t unsent = stream_->unsent_bytes();
    if (answer_ == nullptr && unsent == 0) {
      stream_->close_gracefully();
      return ended();
    }
    // An answer is under way: only a client that takes none of it is given up.
    if (unsent > 0 && unsent >= unsent_at_timer_ && unsent_at_timer_ > 0) return close_now();
    unsent_at_timer_ = unsent;
    waiting_since_ms_ = now_ms;
  }
  update_timer();
}

}  // namespace weir::http
