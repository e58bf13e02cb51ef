// A WebSocket to another server, as a byte stream: for protocols made for TCP, MQTT for one.
//
// start() sends the handshake (RFC 6455 §4.1); what is written meanwhile follows it. The server
// must confirm the subprotocol. Binary messages carry the bytes, their boundaries mean nothing
// (MQTT 5 §6.0); a batch's writes leave as one message. A refused or wrong handshake ends the
// stream with Errc::unavailable and what the server said; so does a text message. On the io thread
// of `below`.
#pragma once

#include <memory>
#include <string>

#include "net/stream.h"

namespace weir::http {

// The longest message taken; peers send an MQTT packet or a read's worth in one.
inline constexpr size_t kWebSocketClientMessageBytesMax = 16 * 1024 * 1024;

struct WebSocketTarget {
  std::string host;  // for the Host header: "example.org:8083"
  std::string path;  // "/mqtt"
  std::string subprotocol;
};
// `below` has not been started.
std::unique_ptr<net::Stream> make_websocket_client_stream(std::unique_ptr<net::Stream> below,
                                                          WebSocketTarget target);

}  // namespace weir::http
