// The answer of a query on its way out: held back a little, then streamed.
//
// What fits into kHeldBackBytes is sent as one complete answer, and a query that fails by then
// still gets an HTTP error. After that the status is out, and the query itself has ended its output
// with InfluxDB's error table. Belongs to the worker that runs the query; write() blocks while
// the client is slow.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace weir::api::v2 {

class CsvAnswer {
 public:
  static constexpr size_t kHeldBackBytes = 32 * 1024;  // one write to the socket, about

  explicit CsvAnswer(http::ResponderPtr responder) : responder_(std::move(responder)) {}

  // False when the client has left.
  bool write(std::string_view bytes);
  // The query's end: complete, or failed.
  void finish(const Result<void>& outcome);

 private:
  http::ResponderPtr responder_;
  std::string held_back_;
  bool started_ = false;
};

}  // namespace weir::api::v2
