// An HTTP request as a handler sees it, and the response it gives.
//
// Used by api/ (handlers) and http/connection (the wire). Header names compare without case.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/stream.h"

namespace weir::http {

class Headers {
 public:
  void set(std::string_view name, std::string value);  // replaces
  void add(std::string_view name, std::string value);
  // The first value, or empty.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

// Decoded query or form parameters, in order; names repeat. An empty value equals absent where
// InfluxDB says so: use get().
class Parameters {
 public:
  static Parameters parse(std::string_view encoded);  // "a=1&b=x%20y"
  std::string_view get(std::string_view name) const;  // the first, or empty
  bool has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

struct Request {
  std::string method;  // "GET"
  std::string target;  // as sent: "/api/v2/write?org=o"
  std::string path;    // decoded, without the query: "/api/v2/write"
  Parameters query;
  Headers headers;
  std::string body;  // whole; content-encoding already undone
  net::Peer peer;
  bool encrypted = false;
  // Values of the route's {names}, filled by the router.
  std::vector<std::pair<std::string, std::string>> path_values;
  std::string_view path_value(std::string_view name) const;
};

// Where a handler's answer goes. Exactly one of send() or start()...finish() per request; all may
// be called from any thread, in order. The answer is compressed if the client accepts gzip and it
// is worth it. If the client is gone, writes are swallowed and closed() turns true.
class Responder {
 public:
  virtual ~Responder() = default;
  // A complete answer, with Content-Length.
  virtual void send(int status, Headers headers, std::string body) = 0;
  // A streamed answer (chunked). write() blocks while the client is slow (never call it on an io
  // thread) and returns false when the client is gone.
  virtual void start(int status, Headers headers) = 0;
  virtual bool write(std::string_view bytes) = 0;
  virtual void finish() = 0;
  // Breaks off a started answer so that the client notices (the connection is closed).
  virtual void abort() = 0;
  virtual bool closed() const = 0;
  // Runs once when the client leaves before the answer is complete: cancel the work.
  virtual void on_closed(std::function<void()> callback) = 0;
};
using ResponderPtr = std::shared_ptr<Responder>;

// Handlers run on the connection's io thread and must not block: what blocks goes to a worker, with
// the request moved along.
using Handler = std::function<void(Request, ResponderPtr)>;

}  // namespace weir::http
