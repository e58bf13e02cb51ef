#include "http/websocket_stream.h"

#include <doctest/doctest.h>

#include "http/fake_stream.h"
#include "http/websocket_connection.h"

namespace weir::http {
namespace {

using testing::FakeIoThread;
using testing::FakeStream;
using testing::FakeWire;

constexpr uint32_t kMask = 0x01020304;

struct Reader final : net::StreamReader {
  std::unique_ptr<net::Stream> stream;
  std::string received;
  int ends = 0;
  std::function<void()> on_each = [] {};
  void on_bytes(std::string_view bytes) override {
    received += bytes;
    on_each();
  }
  void on_end(Result<void>) override { ++ends; }
};

size_t to_blank(std::string_view bytes) {
  size_t blank = bytes.find(' ');
  return blank == bytes.npos ? bytes.size() : blank + 1;
}

struct Fixture {
  FakeIoThread thread;
  FakeWire wire;
  FakeStream stream{thread, wire};
  Reader reader;
  std::shared_ptr<WebSocketConnection> socket;
  int connection_ends = 0;

  Fixture() {
    auto handler = websocket_stream_handler({"mqtt", "mqttv3.1"}, to_blank,
                                            [this](std::unique_ptr<net::Stream> opened) {
                                              reader.stream = std::move(opened);
                                              reader.stream->start(reader);
                                            });
    Request request;
    request.headers.set("Sec-WebSocket-Protocol", "mqttv3.1, mqtt");
    const WebSocketAnswer answer = handler(request);
    REQUIRE(answer.refuse_status == 0);
    CHECK(answer.subprotocol == "mqtt");
    socket =
        std::make_shared<WebSocketConnection>(stream, 1000, [this](bool) { ++connection_ends; });
    socket->open(answer);
  }
  void receive(Opcode opcode, std::string_view payload) {
    std::string bytes;
    append_frame(bytes, opcode, payload, kMask);
    socket->on_bytes(bytes);
  }
};

}  // namespace

TEST_CASE("bytes pass through, and the writes of a batch are cut into messages") {
  Fixture f;
  f.receive(Opcode::binary, "one ");
  f.receive(Opcode::binary, "two");
  CHECK(f.reader.received == "one two");
  f.reader.stream->write("three ");
  f.reader.stream->write_shared(std::make_shared<const std::string>("four five"));
  CHECK(f.wire.written.empty());
  CHECK(f.reader.stream->unsent_bytes() == 15);
  f.thread.run();
  CHECK(f.wire.written ==
        "\x82\x06three \x82\x05"
        "four \x82\x04"
        "five");
}

TEST_CASE("closing sends what is queued, and calls the reader no more") {
  Fixture f;
  f.reader.stream->write("last");
  f.reader.stream->close_gracefully();
  CHECK(f.wire.written == "\x82\x04last\x88\x02\x03\xe8");
  CHECK(f.reader.ends == 0);
  CHECK(f.connection_ends == 1);
  f.receive(Opcode::binary, "more");
  CHECK(f.reader.received.empty());
}

TEST_CASE("a reader may let its stream go while it is given bytes") {
  Fixture f;
  f.reader.on_each = [&] { f.reader.stream.reset(); };
  f.receive(Opcode::binary, "x");
  CHECK(f.connection_ends == 1);
  CHECK(f.reader.ends == 0);
}

TEST_CASE("the reader learns of the peer's close, of text, and of a lost connection") {
  {
    Fixture f;
    std::string bytes;
    append_close_frame(bytes, 1000, "", kMask);
    f.socket->on_bytes(bytes);
    CHECK(f.reader.ends == 1);
  }
  {
    Fixture f;
    f.receive(Opcode::text, "hello");
    CHECK(f.reader.ends == 1);
    CHECK(f.wire.written.starts_with("\x88\x18\x03\xeb"));
  }
  {
    Fixture f;
    f.socket->on_end();
    CHECK(f.reader.ends == 1);
    f.reader.stream->write("nobody");
    f.thread.run();
    CHECK(f.wire.written.empty());
  }
}

TEST_CASE("no bytes arrive while reading is paused; they follow, in order") {
  Fixture f;
  f.reader.stream->pause_reading();
  CHECK(f.wire.is_paused);
  f.receive(Opcode::binary, "one ");
  CHECK(f.reader.received.empty());
  f.reader.stream->resume_reading();
  f.receive(Opcode::binary, "two");
  f.thread.run();
  CHECK(f.reader.received == "one two");
}

TEST_CASE("a client that asks for no subprotocol that is offered is refused") {
  auto handler =
      websocket_stream_handler({"mqtt", "mqttv3.1"}, to_blank, [](std::unique_ptr<net::Stream>) {});
  CHECK(handler(Request{}).refuse_status == 400);
  Request request;
  request.headers.set("Sec-WebSocket-Protocol", "chat");
  CHECK(handler(request).refuse_body.find("wanted \\\"mqtt\\\" or \\\"mqttv3.1\\\"") !=
        std::string::npos);
  request.headers.set("Sec-WebSocket-Protocol", "mqttv3.1");
  CHECK(handler(request).subprotocol == "mqttv3.1");
}

TEST_CASE("a page from elsewhere does not count as being on this machine, though its browser is") {
  struct Origin {
    std::string_view value;
    bool is_local;
  };
  for (const Origin& origin :
       {Origin{"", true}, Origin{"http://127.0.0.1:8086", true}, Origin{"http://[::1]:8086", true},
        Origin{"https://localhost", true}, Origin{"https://example.org", false},
        Origin{"http://localhost.example.org", false},
        Origin{"http://127.0.0.1.example.org", false}, Origin{"null", false}}) {
    CAPTURE(origin.value);
    FakeIoThread thread;
    FakeWire wire;
    FakeStream stream(thread, wire, {"127.0.0.1", 50432, true});
    std::unique_ptr<net::Stream> opened;
    auto handler = websocket_stream_handler(
        {"mqtt"}, to_blank,
        [&](std::unique_ptr<net::Stream> accepted) { opened = std::move(accepted); });
    Request request;
    request.headers.set("Sec-WebSocket-Protocol", "mqtt");
    if (!origin.value.empty()) request.headers.set("Origin", std::string(origin.value));
    auto socket = std::make_shared<WebSocketConnection>(stream, 1000, [](bool) {});
    socket->open(handler(request));
    REQUIRE(opened != nullptr);
    CHECK(opened->peer().is_loopback == origin.is_local);
  }
}

}  // namespace weir::http
