#include "http/websocket_connection.h"

#include "base/metrics.h"
#include "http/text.h"
#include "net/sha1.h"

namespace weir::http {
namespace {

metrics::Gauge websockets_open{"weir_http_websockets", "Open WebSocket connections"};

// RFC 6455 §1.3: proves that the answer comes from one who knows WebSocket.
constexpr std::string_view kHandshakeGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t kKeyCharacters = 24;  // 16 bytes in base64

}  // namespace

std::string websocket_accept_of(std::string_view key) {
  return net::sha1_base64(std::string(key).append(kHandshakeGuid));
}

Result<std::string> websocket_accept_key(const Request& request) {
  if (request.method != "GET") return Error{Errc::invalid, "a WebSocket is opened with GET"};
  if (trimmed(request.headers.get("Sec-WebSocket-Version")) != "13")
    return Error{Errc::invalid, "Sec-WebSocket-Version: wanted 13"};
  const std::string_view key = trimmed(request.headers.get("Sec-WebSocket-Key"));
  if (key.size() != kKeyCharacters)
    return Error{Errc::invalid, "Sec-WebSocket-Key: wanted 16 bytes in base64"};
  return websocket_accept_of(key);
}

WebSocketConnection::WebSocketConnection(net::Stream& stream, size_t message_bytes_max,
                                         std::function<void(bool)> end)
    : stream_(&stream),
      io_thread_(stream.io_thread()),
      peer_(stream.peer()),
      end_(std::move(end)),
      decoder_(WebSocketDecoder::Role::server, message_bytes_max) {
  websockets_open.add(1);
}

void WebSocketConnection::open(const WebSocketAnswer& answer) {
  auto self = shared_from_this();
  if (answer.binary_in_pieces) decoder_.hand_binary_on_in_pieces();
  if (!answer.opened) return;
  WebSocketEvents events = answer.opened(self);
  if (stream_ != nullptr) {
    events_ = std::move(events);
  } else if (events.on_closed) {
    events.on_closed();  // closed again before it was set up
  }
}

void WebSocketConnection::on_bytes(std::string_view bytes) {
  auto self = shared_from_this();
  if (stream_ == nullptr) return;
  decoder_.feed(bytes, *this);
  if (const auto& failure = decoder_.failure()) close(failure->code, failure->reason);
}

bool WebSocketConnection::on_message(std::string_view message, bool is_text) {
  if (events_.on_message) events_.on_message(message, is_text);
  return stream_ != nullptr;
}

bool WebSocketConnection::on_ping(std::string_view payload) {
  if (stream_->unsent_bytes() <= kPongUnsentBytesMax) send(Opcode::pong, payload);
  return true;
}

bool WebSocketConnection::on_pong(std::string_view) { return true; }

// The peer's close is answered with its own code (§5.5.1).
void WebSocketConnection::on_close(uint16_t code, std::string_view) { close(code, {}); }

void WebSocketConnection::on_drained() {
  auto self = shared_from_this();
  if (stream_ != nullptr && events_.on_drained) events_.on_drained();
}

void WebSocketConnection::on_end() {
  auto self = shared_from_this();
  if (stream_ == nullptr) return;
  end_ = nullptr;  // the caller ends the connection
  finish();
}

void WebSocketConnection::send(Opcode opcode, std::string_view payload) {
  if (stream_ == nullptr) return;
  std::string frame;
  frame.reserve(payload.size() + 16);
  append_frame(frame, opcode, payload);
  stream_->write(frame);
}

void WebSocketConnection::send_text(std::string_view text) { send(Opcode::text, text); }
void WebSocketConnection::send_binary(std::string_view bytes) { send(Opcode::binary, bytes); }

size_t WebSocketConnection::unsent_bytes() const {
  return stream_ == nullptr ? 0 : stream_->unsent_bytes();
}

void WebSocketConnection::pause_reading() {
  if (stream_ != nullptr) stream_->pause_reading();
}

void WebSocketConnection::resume_reading() {
  if (stream_ != nullptr) stream_->resume_reading();
}

void WebSocketConnection::close(uint16_t code, std::string_view reason) {
  auto self = shared_from_this();
  if (stream_ == nullptr) return;
  std::string frame;
  append_close_frame(frame, code, reason);
  stream_->write(frame);
  finish();
}

void WebSocketConnection::finish() {
  stream_ = nullptr;
  websockets_open.add(-1);
  if (auto end = std::exchange(end_, nullptr)) end(true);
  WebSocketEvents events = std::exchange(events_, {});
  if (events.on_closed) events.on_closed();
}

}  // namespace weir::http
