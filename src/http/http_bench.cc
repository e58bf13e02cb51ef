// Whole requests through the connection, without sockets: what one costs beyond the kernel.
#include <benchmark/benchmark.h>

#include "base/assert.h"
#include "http/connection.h"
#include "http/fake_stream.h"
#include "http/websocket_codec.h"

namespace weir::http {
namespace {

void http_get_keep_alive(benchmark::State& state) {
  testing::FakeIoThread thread;
  testing::FakeWire wire;
  Router router;
  router.add("GET", "/api/v2/ping", [](Request, ResponderPtr responder) {
    Headers headers;
    headers.set("Content-Type", "application/json; charset=utf-8");
    responder->send(200, std::move(headers), R"({"status":"pass"})");
  });
  ConnectionContext context{
      router, {}, std::make_shared<AnswerContext>(router.common_headers(), thread.clock)};
  auto connection = std::make_shared<Connection>(
      context, std::make_unique<testing::FakeStream>(thread, wire), nullptr);
  connection->start();
  constexpr std::string_view kRequest =
      "GET /api/v2/ping HTTP/1.1\r\nHost: 127.0.0.1:8086\r\nUser-Agent: bench\r\nAccept: "
      "*/*\r\n\r\n";
  for (auto _ : state) {
    wire.written.clear();
    connection->on_bytes(kRequest);
    WEIR_ASSERT(wire.written.ends_with(R"({"status":"pass"})"), "every request is answered");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(http_get_keep_alive);

void http_post_64k(benchmark::State& state) {
  testing::FakeIoThread thread;
  testing::FakeWire wire;
  Router router;
  size_t received = 0;
  router.add("POST", "/write", [&](Request request, ResponderPtr responder) {
    received += request.body.size();
    responder->send(204, {}, {});
  });
  ConnectionContext context{
      router, {}, std::make_shared<AnswerContext>(router.common_headers(), thread.clock)};
  auto connection = std::make_shared<Connection>(
      context, std::make_unique<testing::FakeStream>(thread, wire), nullptr);
  connection->start();
  const std::string request =
      "POST /write HTTP/1.1\r\nHost: w\r\nContent-Length: 65536\r\n\r\n" + std::string(65536, 'x');
  for (auto _ : state) {
    wire.written.clear();
    connection->on_bytes(request);
  }
  WEIR_ASSERT(received == 65536 * static_cast<size_t>(state.iterations()), "bodies arrive whole");
  state.SetBytesProcessed(static_cast<int64_t>(received));
}
BENCHMARK(http_post_64k);

struct CountingSink final : WebSocketEventSink {
  size_t messages = 0;
  bool on_message(std::string_view, bool) override { return ++messages, true; }
  bool on_ping(std::string_view) override { return true; }
  bool on_pong(std::string_view) override { return true; }
  void on_close(uint16_t, std::string_view) override {}
};

void websocket_decode_100_bytes(benchmark::State& state) {
  std::string frames;
  constexpr size_t kFrames = 500;
  for (size_t i = 0; i < kFrames; ++i)
    append_frame(frames, Opcode::binary, std::string(100, 'x'), 0x01020304);
  WebSocketDecoder decoder(WebSocketDecoder::Role::server, 1000);
  CountingSink sink;
  for (auto _ : state) decoder.feed(frames, sink);
  WEIR_ASSERT(sink.messages == kFrames * static_cast<size_t>(state.iterations()), "all decode");
  state.SetItemsProcessed(static_cast<int64_t>(sink.messages));
}
BENCHMARK(websocket_decode_100_bytes);

}  // namespace
}  // namespace weir::http
