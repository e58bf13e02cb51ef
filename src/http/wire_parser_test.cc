#include "http/wire_parser.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace weir::http {
namespace {

struct Found {
  std::string bodies;
  bool failed = false;
};

// Feeds `bytes` in pieces and gathers the bodies of the requests in it, each in brackets.
Found read_in_pieces(std::string_view bytes, size_t piece) {
  RequestParser parser(WireLimits{2000, 10'000});
  Found found;
  std::string pending;
  while (!bytes.empty()) {
    pending.append(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (parser.failure() == nullptr) {
      pending.erase(0, parser.feed(pending));
      if (!parser.is_complete()) break;
      found.bodies += "[" + parser.take_request().body + "]";
      parser.reset();
      if (pending.empty()) break;
    }
  }
  found.failed = parser.failure() != nullptr;
  return found;
}

TEST_CASE("a chunked body ends the same however its bytes are cut, with and without trailers") {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& tail :
       {std::string("0\r\n\r\n"), std::string("0\r\nX: y\r\n\r\n"), std::string("0;e=1\r\n\r\n")}) {
    for (size_t piece = 1; piece < 12; piece++) {
      CAPTURE(tail);
      CAPTURE(piece);
      CHECK(read_in_pieces(head + tail + head + "3\r\nabc\r\n" + tail, piece).bodies == "[][abc]");
    }
  }
}

TEST_CASE("a trailer with a lone carriage return neither completes nor ends the process") {
  const std::string text =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\rP/1";
  for (size_t piece = 1; piece <= text.size(); piece++) {
    CHECK(read_in_pieces(text, piece).bodies.empty());
  }
}

}  // namespace
}  // namespace weir::http
