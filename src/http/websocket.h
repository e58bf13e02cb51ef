// A WebSocket connection (RFC 6455), server side, as its user sees it.
//
// All calls are for the io thread that owns the connection. Messages are whole: fragments are
// joined, pings answered. A subprotocol the handler names is confirmed in the handshake.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"

namespace weir::http {

class WebSocket {
 public:
  virtual ~WebSocket() = default;
  virtual void send_text(std::string_view text) = 0;
  virtual void send_binary(std::string_view bytes) = 0;
  virtual size_t unsent_bytes() const = 0;
  // Back-pressure: no on_message() until resumed.
  virtual void pause_reading() {}
  virtual void resume_reading() {}
  // RFC 6455 §7.4.1 codes: 1000 normal, 1008 policy, 1011 internal.
  // on_closed() runs before this returns. All calls after it do nothing.
  virtual void close(uint16_t code, std::string_view reason) = 0;
  virtual net::IoThread& io_thread() = 0;
  virtual const net::Peer& peer() const = 0;
};

struct WebSocketEvents {
  std::function<void(std::string_view message, bool is_text)> on_message;
  std::function<void()> on_closed;
  // All is sent, after unsent_bytes() had been above net::kStreamLowWaterBytes.
  std::function<void()> on_drained;
};

struct WebSocketAnswer {
  // Refusal: an HTTP status and body; 0 accepts.
  int refuse_status = 0;
  Headers refuse_headers;
  std::string refuse_body;
  std::string subprotocol;
  // on_message() gets binary messages as they arrive, in pieces, of any length.
  bool binary_in_pieces = false;
  // Called once the handshake is done; the socket lives until on_closed has run.
  std::function<WebSocketEvents(std::shared_ptr<WebSocket>)> opened;
};
using WebSocketHandler = std::function<WebSocketAnswer(const Request&)>;

}  // namespace weir::http
