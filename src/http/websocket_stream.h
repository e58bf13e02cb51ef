// A WebSocket as a byte stream: what lets a protocol made for TCP, MQTT for one, run in a browser.
//
// Binary messages carry the bytes, their boundaries mean nothing (MQTT 5 §6.0); a batch's writes
// leave as one message. Text is refused with 1003. On the connection's io thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/websocket.h"
#include "net/stream.h"

namespace weir::http {

// The handler for a path that offers `subprotocol` ("mqtt") alone: a client that does not ask for
// it is refused with 400. `accept` starts the stream, there or soon.
WebSocketHandler websocket_stream_handler(std::string subprotocol,
                                          std::function<void(std::unique_ptr<net::Stream>)> accept);

}  // namespace weir::http
