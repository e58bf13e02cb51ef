// A WebSocket on a server connection: the codec, joined to the connection's stream.
//
// Owned by http/connection, which hands it the bytes after the handshake; users see the WebSocket.
// On the stream's io thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/websocket.h"
#include "http/websocket_codec.h"
#include "net/stream.h"

namespace weir::http {

// Pongs are owed only to a peer that reads: beyond this much unsent they are left out.
inline constexpr size_t kPongUnsentBytesMax = 1024 * 1024;

// The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (§4.2.2).
std::string websocket_accept_of(std::string_view key);
// The same for an upgrade request, or what is wrong with the request (§4.2.1).
Result<std::string> websocket_accept_key(const Request& request);

class WebSocketConnection final : public WebSocket,
                                  private WebSocketEventSink,
                                  public std::enable_shared_from_this<WebSocketConnection> {
 public:
  // `end` ends the connection beneath: gracefully, or at once.
  WebSocketConnection(net::Stream& stream, size_t message_bytes_max,
                      std::function<void(bool gracefully)> end);

  void open(const WebSocketAnswer& answer);
  void on_bytes(std::string_view bytes);
  void on_drained();
  void on_end();  // the stream has ended

  void send_text(std::string_view text) override;
  void send_binary(std::string_view bytes) override;
  size_t unsent_bytes() const override;
  void pause_reading() override;
  void resume_reading() override;
  void close(uint16_t code, std::string_view reason) override;
  net::IoThread& io_thread() override { return io_thread_; }
  const net::Peer& peer() const override { return peer_; }

 private:
  bool on_message(std::string_view message, bool is_text) override;
  bool on_ping(std::string_view payload) override;
  bool on_pong(std::string_view payload) override;
  void on_close(uint16_t code, std::string_view reason) override;
  void send(Opcode opcode, std::string_view payload);
  void finish();

  net::Stream* stream_;  // null once the connection is over
  net::IoThread& io_thread_;
  const net::Peer peer_;
  std::function<void(bool)> end_;
  WebSocketDecoder decoder_;
  WebSocketEvents events_;
};

}  // namespace weir::http
