// HTTP requests as a server reads them: the requests found must not depend on how the bytes were
// cut, and a connection must survive whatever they are.
#include <cstdlib>

#include "http/connection.h"
#include "http/fake_stream.h"
#include "http/wire_parser.h"

namespace {

using namespace weir::http;

constexpr WireLimits kLimits{2000, 10'000};

std::string requests_in(std::string_view bytes, size_t piece) {
  RequestParser parser(kLimits);
  std::string found, pending;
  while (!bytes.empty()) {
    pending.append(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (parser.failure() == nullptr) {
      pending.erase(0, parser.feed(pending));
      if (!parser.is_complete()) break;
      const Request request = parser.take_request();
      found += request.method + ' ' + request.target + ' ' + request.path + '\n';
      for (const auto& [name, value] : request.headers.all()) found += name + ':' + value + '\n';
      for (const auto& [name, value] : request.query.all()) found += name + '=' + value + '\n';
      found += request.body + '\n';
      parser.reset();
      if (pending.empty()) break;
    }
  }
  return found;
}

void run_connection(std::string_view bytes) {
  testing::FakeIoThread thread;
  testing::FakeWire wire;
  Router router;
  router.add("POST", "/echo", [](Request request, ResponderPtr responder) {
    responder->send(200, {}, std::move(request.body));
  });
  router.add("GET", "/items/{id}", [](Request request, ResponderPtr responder) {
    responder->start(200, std::move(request.headers));
    responder->write(request.path_value("id"));
    responder->finish();
  });
  router.add_websocket("/ws", [](const Request&) { return WebSocketAnswer{}; });
  ServerOptions options;
  options.head_bytes_max = kLimits.head_bytes_max;
  options.body_bytes_max = kLimits.body_bytes_max;
  options.websocket_message_bytes_max = kLimits.body_bytes_max;
  ConnectionContext context{router, options,
                            std::make_shared<AnswerContext>(router.common_headers(), thread.clock)};
  bool is_over = false;
  auto connection =
      std::make_shared<Connection>(context, std::make_unique<testing::FakeStream>(thread, wire),
                                   [&](Connection&) { is_over = true; });
  connection->start();
  for (size_t at = 0; at < bytes.size() && !is_over; at += 97) {
    connection->on_bytes(bytes.substr(at, 97));
    thread.run();
  }
  thread.advance_ms(500'000);
  if (!is_over) connection->on_end({});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = requests_in(bytes, SIZE_MAX);
  for (size_t piece : {1u, 3u, 50u})
    if (requests_in(bytes, piece) != whole) std::abort();
  run_connection(bytes);
  return 0;
}
