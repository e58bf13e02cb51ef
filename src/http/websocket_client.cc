#include "http/websocket_client.h"

#include <fmt/core.h>

#include <cstring>
#include <utility>

#include "base/base64.h"
#include "base/ids.h"
#include "http/text.h"
#include "http/websocket_codec.h"
#include "http/websocket_connection.h"
#include "http/wire_parser.h"

namespace weir::http {
namespace {

constexpr size_t kAnswerHeadBytesMax = 16 * 1024;

uint32_t random_mask() { return static_cast<uint32_t>(make_random_id()); }

std::string random_key() {
  const uint64_t random[2] = {make_random_id(), make_random_id()};
  char bytes[sizeof random];
  std::memcpy(bytes, random, sizeof random);
  return base64({bytes, sizeof bytes});
}

// What else than a WebSocket server's may the answer be: another protocol's at a wrong port.
constexpr const char* kAskAboutPort = "; does the server speak WebSocket at that port?";

// Reads the stream below; shared by it and the handle that users hold. A reader may close or let go
// in any call to it, so every entry from below holds a reference.
class ClientSocket final : public net::StreamReader,
                           private WebSocketEventSink,
                           public std::enable_shared_from_this<ClientSocket> {
 public:
  ClientSocket(std::unique_ptr<net::Stream> below, WebSocketTarget target)
      : below_(std::move(below)),
        target_(std::move(target)),
        key_(random_key()),
        answer_({kAnswerHeadBytesMax, 0}, true, [](std::string_view) { return false; }),
        decoder_(WebSocketDecoder::Role::client, kWebSocketClientMessageBytesMax) {}

  void start(net::StreamReader& reader) {
    reader_ = &reader;
    below_->start(*this);
    below_->write(
        fmt::format("GET {} HTTP/1.1\r\n"
                    "Host: {}\r\n"
                    "Upgrade: websocket\r\n"
                    "Connection: Upgrade\r\n"
                    "Sec-WebSocket-Key: {}\r\n"
                    "Sec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Protocol: {}\r\n\r\n",
                    target_.path, target_.host, key_, target_.subprotocol));
  }
  void write(std::string_view bytes) {
    if (is_closed_) return;
    out_.append(bytes);
    if (!is_open_ || std::exchange(is_flush_due_, true)) return;
    below_->io_thread().at_end_of_batch([self = shared_from_this()] { self->flush(); });
  }
  size_t unsent_bytes() const { return out_.size() + (is_closed_ ? 0 : below_->unsent_bytes()); }
  void close(bool gracefully) {
    if (std::exchange(is_closed_, true)) return;
    reader_ = nullptr;
    if (is_open_ && gracefully) {
      send_queued();
      send_close(close_code::kNormal, {});
      below_->close_gracefully();
    } else {
      below_->close();
    }
  }
  net::Stream& below() { return *below_; }

  void on_bytes(std::string_view bytes) override {
    auto self = shared_from_this();
    // What a call brings may be more than one message, and the reader may leave at any.
    unread_.append(bytes);
    while (!is_closed_ && !is_open_ && !unread_.empty()) {
      const size_t used = answer_.feed(unread_);
      unread_.erase(0, used);
      if (answer_.failure() != nullptr)
        return fail(answer_.failure()->error.message + kAskAboutPort);
      if (answer_.is_head_complete()) {
        judge_answer();
      } else if (used == 0) {
        return;
      }
    }
    if (is_closed_ || !is_open_ || unread_.empty()) return;
    const std::string frames = std::exchange(unread_, {});
    decoder_.feed(frames, *this);
    if (is_closed_) return;
    if (const auto& failure = decoder_.failure()) {
      send_close(failure->code, failure->reason);
      fail(std::string(failure->reason));
    }
  }
  void on_end(Result<void> how) override {
    auto self = shared_from_this();
    if (std::exchange(is_closed_, true)) return;
    if (!is_open_ && (how.ok() || how.error().code == Errc::unavailable)) {
      how = Error{Errc::io, std::string("the connection was closed in the WebSocket handshake") +
                                kAskAboutPort};
    }
    if (auto* reader = std::exchange(reader_, nullptr)) reader->on_end(std::move(how));
  }
  void on_drained() override {
    auto self = shared_from_this();
    if (reader_ != nullptr && is_open_) reader_->on_drained();
  }

 private:
  void judge_answer() {
    const Headers& headers = answer_.headers();
    if (answer_.status() != 101) {
      return fail(
          fmt::format("the server answered the WebSocket handshake with HTTP {}; is the "
                      "path {} right?",
                      answer_.status(), target_.path));
    }
    if (!list_has_token(headers.get("Upgrade"), "websocket") ||
        trimmed(headers.get("Sec-WebSocket-Accept")) != websocket_accept_of(key_)) {
      return fail("the answer to the WebSocket handshake is not a WebSocket server's");
    }
    if (trimmed(headers.get("Sec-WebSocket-Protocol")) != target_.subprotocol) {
      return fail(fmt::format("the server does not speak {} over WebSocket at {}",
                              target_.subprotocol, target_.path));
    }
    is_open_ = true;
    send_queued();
  }

  bool on_message(std::string_view message, bool is_text) override {
    if (is_text) {
      send_close(close_code::kUnsupportedData, "wanted binary messages");
      fail("the server sent text over the WebSocket");
      return false;
    }
    if (reader_ != nullptr) reader_->on_bytes(message);
    return !is_closed_;
  }
  bool on_ping(std::string_view payload) override {
    if (below_->unsent_bytes() > kPongUnsentBytesMax) return true;
    std::string frame;
    append_frame(frame, Opcode::pong, payload, random_mask());
    below_->write(frame);
    return true;
  }
  bool on_pong(std::string_view) override { return true; }
  void on_close(uint16_t code, std::string_view reason) override {
    send_close(code, {});
    fail(fmt::format("the server closed the WebSocket: {} {}", code, reason));
  }

  void flush() {
    is_flush_due_ = false;
    if (!is_closed_) send_queued();
  }
  void send_queued() {
    if (out_.empty()) return;
    std::string frame;
    frame.reserve(out_.size() + 16);
    append_frame(frame, Opcode::binary, out_, random_mask());
    out_.clear();
    below_->write(frame);
  }
  void send_close(uint16_t code, std::string_view reason) {
    std::string frame;
    append_close_frame(frame, code, reason, random_mask());
    below_->write(frame);
  }
  void fail(std::string why) {
    if (std::exchange(is_closed_, true)) return;
    below_->close_gracefully();
    auto* reader = std::exchange(reader_, nullptr);
    if (reader != nullptr) reader->on_end(Error{Errc::io, std::move(why)});
  }

  const std::unique_ptr<net::Stream> below_;
  const WebSocketTarget target_;
  const std::string key_;
  net::StreamReader* reader_ = nullptr;
  ResponseParser answer_;
  WebSocketDecoder decoder_;
  std::string unread_;  // of the handshake's answer
  std::string out_;
  bool is_open_ = false;  // the handshake is done
  bool is_flush_due_ = false;
  bool is_closed_ = false;
};

class WebSocketClientStream final : public net::Stream {
 public:
  explicit WebSocketClientStream(std::shared_ptr<ClientSocket> socket)
      : socket_(std::move(socket)) {}
  ~WebSocketClientStream() override { socket_->close(false); }
  void start(net::StreamReader& reader) override { socket_->start(reader); }
  void pause_reading() override { socket_->below().pause_reading(); }
  void resume_reading() override { socket_->below().resume_reading(); }
  void write(std::string_view bytes) override { socket_->write(bytes); }
  void write_shared(std::shared_ptr<const std::string> bytes) override { socket_->write(*bytes); }
  size_t unsent_bytes() const override { return socket_->unsent_bytes(); }
  void close_gracefully() override { socket_->close(true); }
  void close() override { socket_->close(false); }
  const net::Peer& peer() const override { return socket_->below().peer(); }
  net::IoThread& io_thread() override { return socket_->below().io_thread(); }

 private:
  const std::shared_ptr<ClientSocket> socket_;
};

}  // namespace

std::unique_ptr<net::Stream> make_websocket_client_stream(std::unique_ptr<net::Stream> below,
                                                          WebSocketTarget target) {
  return std::make_unique<WebSocketClientStream>(
      std::make_shared<ClientSocket>(std::move(below), std::move(target)));
}

}  // namespace weir::http
