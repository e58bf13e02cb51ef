// A WebSocket as a byte stream: what lets a protocol made for TCP, MQTT for one, run in a browser.
//
// Binary messages carry the bytes. What arrives is handed on as it comes: boundaries mean nothing
// (MQTT 5 §6.0). What is sent is cut where the caller says, and leaves in one write. Text is
// refused with 1003. On the connection's io thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/websocket.h"
#include "net/stream.h"

namespace weir::http {

// How many of these bytes, which are not empty, make the first binary message; at least one.
using MessageCut = std::function<size_t(std::string_view bytes)>;

// The handler for a path that offers one of `subprotocols`, the first that the client asks for too:
// MQTT's are "mqtt" and "mqttv3.1". A client that asks for none of them is refused with 400.
// `accept` starts the stream, there or soon.
//
// Browsers let any page open a WebSocket to this machine. So a page that did not come from this
// machine does not count as being on it (net::Peer::is_loopback), wherever its browser runs.
WebSocketHandler websocket_stream_handler(std::vector<std::string> subprotocols, MessageCut cut,
                                          std::function<void(std::unique_ptr<net::Stream>)> accept);

}  // namespace weir::http
