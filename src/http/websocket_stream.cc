#include "http/websocket_stream.h"

#include "http/error_response.h"
#include "http/text.h"
#include "http/websocket_codec.h"

namespace weir::http {
namespace {

// Shared by the Stream its user holds, the socket's events, and a flush that is due.
class Bridge final : public std::enable_shared_from_this<Bridge> {
 public:
  explicit Bridge(std::shared_ptr<WebSocket> socket) : socket_(std::move(socket)) {}

  void start(net::StreamReader& reader) {
    reader_ = &reader;
    if (early_.empty()) return;
    socket_->io_thread().post([self = shared_from_this()] {
      if (self->reader_ != nullptr) self->reader_->on_bytes(std::exchange(self->early_, {}));
    });
  }
  void write(std::string_view bytes) {
    if (is_closed_) return;
    out_.append(bytes);
    if (std::exchange(is_flush_due_, true)) return;
    socket_->io_thread().at_end_of_batch([self = shared_from_this()] { self->flush(); });
  }
  size_t unsent_bytes() const { return out_.size() + socket_->unsent_bytes(); }
  void close() {
    if (std::exchange(is_closed_, true)) return;
    reader_ = nullptr;
    flush();
    socket_->close(close_code::kNormal, {});
  }
  WebSocket& socket() { return *socket_; }

  WebSocketEvents events() {
    auto self = shared_from_this();
    WebSocketEvents events;
    events.on_message = [self](std::string_view bytes, bool is_text) {
      if (is_text) return self->end(close_code::kUnsupportedData, "wanted binary messages");
      self->receive(bytes);
    };
    events.on_closed = [self] { self->end(close_code::kNormal, {}); };
    events.on_drained = [self] {
      if (self->reader_ != nullptr) self->reader_->on_drained();
    };
    return events;
  }

 private:
  void receive(std::string_view bytes) {
    if (reader_ != nullptr && early_.empty()) return reader_->on_bytes(bytes);
    if (!is_closed_) early_.append(bytes);
  }
  void flush() {
    is_flush_due_ = false;
    if (out_.empty()) return;
    socket_->send_binary(out_);
    out_.clear();
  }
  void end(uint16_t code, std::string_view reason) {
    if (std::exchange(is_closed_, true)) return;
    socket_->close(code, reason);
    net::StreamReader* reader = std::exchange(reader_, nullptr);
    if (reader != nullptr) reader->on_end({});
  }

  const std::shared_ptr<WebSocket> socket_;
  net::StreamReader* reader_ = nullptr;
  std::string early_;  // arrived before the stream was started
  std::string out_;
  bool is_flush_due_ = false;
  bool is_closed_ = false;
};

class WebSocketStream final : public net::Stream {
 public:
  explicit WebSocketStream(std::shared_ptr<Bridge> bridge) : bridge_(std::move(bridge)) {}
  ~WebSocketStream() override { bridge_->close(); }
  void start(net::StreamReader& reader) override { bridge_->start(reader); }
  void pause_reading() override { bridge_->socket().pause_reading(); }
  void resume_reading() override { bridge_->socket().resume_reading(); }
  void write(std::string_view bytes) override { bridge_->write(bytes); }
  void write_shared(std::shared_ptr<const std::string> bytes) override { bridge_->write(*bytes); }
  size_t unsent_bytes() const override { return bridge_->unsent_bytes(); }
  void close_gracefully() override { bridge_->close(); }
  void close() override { bridge_->close(); }
  const net::Peer& peer() const override { return bridge_->socket().peer(); }
  net::IoThread& io_thread() override { return bridge_->socket().io_thread(); }

 private:
  const std::shared_ptr<Bridge> bridge_;
};

}  // namespace

WebSocketHandler websocket_stream_handler(
    std::string subprotocol, std::function<void(std::unique_ptr<net::Stream>)> accept) {
  return
      [subprotocol = std::move(subprotocol), accept = std::move(accept)](const Request& request) {
        WebSocketAnswer answer;
        if (!list_has_token(request.headers.get("Sec-WebSocket-Protocol"), subprotocol)) {
          ErrorResponse refusal = error_response(
              Error{Errc::invalid, "Sec-WebSocket-Protocol: wanted \"" + subprotocol + "\""});
          answer.refuse_status = refusal.status;
          answer.refuse_headers = std::move(refusal.headers);
          answer.refuse_body = std::move(refusal.body);
          return answer;
        }
        answer.subprotocol = subprotocol;
        answer.opened = [accept](std::shared_ptr<WebSocket> socket) {
          auto bridge = std::make_shared<Bridge>(std::move(socket));
          accept(std::make_unique<WebSocketStream>(bridge));
          return bridge->events();
        };
        return answer;
      };
}

}  // namespace weir::http
