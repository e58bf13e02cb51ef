// HTTP/1.x messages as they come off the wire: bytes in, one message at a time.
//
// feed() takes bytes from the front of what it is given; what it leaves is either the beginning of
// something incomplete (give it again, with more behind it) or belongs to the next message. The
// grammar is Boost.Beast's parser; added are weir's limits and the rules that keep two servers
// from reading one message differently (RFC 9112 §6.1, §3.2). No I/O; used on one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace weir::http {

struct WireLimits {
  size_t head_bytes_max = 0;
  size_t body_bytes_max = 0;
};

// Why a message was refused, with the status to answer. The connection cannot be used further.
struct WireError {
  int status = 400;
  Error error;
};

class RequestParser {
 public:
  explicit RequestParser(WireLimits limits);
  ~RequestParser();

  // The count of bytes used. After is_complete() or failure: none, until reset().
  size_t feed(std::string_view bytes);
  bool is_idle() const;  // no byte of a request has been seen
  bool is_head_complete() const;
  bool is_complete() const;
  const WireError* failure() const;
  // Ready for the next request. The request parsed is what take_request() has moved away.
  void reset();

  // After the head: method, target, headers, path and query are set; after the end, the body too.
  const Request& request() const;
  Request take_request();
  bool is_http_1_0() const;
  bool keeps_alive() const;       // as far as the client is concerned
  bool expects_continue() const;  // Expect: 100-continue, and a body is to come
  bool has_body() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class ResponseParser {
 public:
  using OnBody = std::function<bool(std::string_view)>;
  // `is_head`: the answer to HEAD has no body whatever its head says. Body bytes, unchunked, go to
  // `on_body`, which may return false to stop: then failure() is set.
  ResponseParser(WireLimits limits, bool is_head, OnBody on_body);
  ~ResponseParser();

  size_t feed(std::string_view bytes);
  void feed_end();  // the connection has ended
  bool is_head_complete() const;
  bool is_complete() const;
  const WireError* failure() const;
  int status() const;
  const Headers& headers() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::http
