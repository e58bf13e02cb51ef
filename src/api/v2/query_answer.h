// The answer of a query on its way out: held back a little, then streamed.
//
// What fits into kHeldBackBytes is sent as one complete answer, and a query that fails by then
// still gets an HTTP error. After that the status is out, and the query itself has ended its output
// with the error, in the format's own form. Belongs to the worker that runs the query; write()
// blocks while the client is slow.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace weir::api::v2 {

class QueryAnswer {
 public:
  static constexpr size_t kHeldBackBytes = 32 * 1024;  // one write to the socket, about

  QueryAnswer(http::ResponderPtr responder, std::string content_type)
      : responder_(std::move(responder)), content_type_(std::move(content_type)) {}

  // False when the client has left.
  bool write(std::string_view bytes);
  // The query's end: complete, or failed.
  void finish(const Result<void>& outcome);

 private:
  http::Headers headers() const;

  http::ResponderPtr responder_;
  std::string content_type_;
  std::string held_back_;
  bool started_ = false;
};

}  // namespace weir::api::v2
