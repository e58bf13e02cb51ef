// Router: method and path to handler.
//
// Paths are literal levels and {names}: "/api/v2/buckets/{id}". A trailing "*" takes the rest.
// An unknown path answers 404 "path not found"; a known path with another method 405 with `Allow`.
// HEAD is answered by GET's handler without a body. Built at start, then read by all io threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "http/websocket.h"

namespace weir::http {

class Router {
 public:
  Router();
  ~Router();
  void add(std::string_view method, std::string_view path, Handler handler);
  // A path that upgrades to WebSocket (RFC 6455). `accept` may refuse with an HTTP answer.
  void add_websocket(std::string_view path, WebSocketHandler accept);
  // Upgrades of all paths that nobody added: for a port that speaks nothing else.
  void set_websocket_fallback(WebSocketHandler accept);
  // What answers paths nobody added: the web interface. Without it, 404.
  void set_fallback(Handler handler);
  // Headers that every answer carries (X-Influxdb-Version and the like).
  void set_common_headers(Headers headers);
  const Headers& common_headers() const;

  void handle(Request request, ResponderPtr responder) const;
  // The handler for an upgrade request, or null.
  const WebSocketHandler* find_websocket(std::string_view path) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::http
