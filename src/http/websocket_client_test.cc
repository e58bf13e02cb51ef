#include "http/websocket_client.h"

#include <doctest/doctest.h>

#include "http/fake_stream.h"
#include "http/websocket_codec.h"
#include "http/websocket_connection.h"

namespace weir::http {
namespace {

using testing::FakeIoThread;
using testing::FakeStream;
using testing::FakeWire;

struct Reader final : net::StreamReader {
  std::string received;
  std::string end;
  std::function<void()> on_each = [] {};
  void on_bytes(std::string_view bytes) override {
    received += bytes;
    on_each();
  }
  void on_end(Result<void> how) override { end = how.ok() ? "closed" : how.error().message; }
};

// What the server's decoder makes of the client's frames.
struct Unframed final : WebSocketEventSink {
  std::string bytes;
  int pongs = 0;
  bool closed = false;
  bool on_message(std::string_view message, bool) override { return bytes += message, true; }
  bool on_ping(std::string_view) override { return true; }
  bool on_pong(std::string_view) override { return pongs++, true; }
  void on_close(uint16_t, std::string_view) override { closed = true; }
};

struct Fixture {
  FakeIoThread thread;
  FakeWire wire;
  Reader reader;
  FakeStream* below = nullptr;
  std::unique_ptr<net::Stream> stream;

  Fixture() {
    auto owned = std::make_unique<FakeStream>(thread, wire);
    below = owned.get();
    stream = make_websocket_client_stream(std::move(owned), {"host:8083", "/mqtt", "mqtt"});
    stream->start(reader);
  }
  // The request's key.
  std::string key() const {
    const size_t at = wire.written.find("Sec-WebSocket-Key: ");
    return at == std::string::npos ? std::string() : wire.written.substr(at + 19, 24);
  }
  std::string answer(std::string_view protocol = "mqtt") const {
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: " +
           websocket_accept_of(key()) + "\r\nSec-WebSocket-Protocol: " + std::string(protocol) +
           "\r\n\r\n";
  }
  Unframed sent() {
    Unframed unframed;
    WebSocketDecoder decoder(WebSocketDecoder::Role::server, 1000);
    decoder.feed(wire.written, unframed);
    CHECK_FALSE(decoder.failure());
    wire.written.clear();
    return unframed;
  }
};

std::string frame(Opcode opcode, std::string_view payload) {
  std::string bytes;
  append_frame(bytes, opcode, payload);
  return bytes;
}

}  // namespace

TEST_CASE("the client's handshake asks for the path, the host and the subprotocol") {
  Fixture f;
  CHECK(f.wire.written.starts_with("GET /mqtt HTTP/1.1\r\nHost: host:8083\r\n"));
  CHECK(f.wire.written.find("Sec-WebSocket-Protocol: mqtt\r\n") != std::string::npos);
  CHECK(f.key().ends_with("=="));
  CHECK(f.key() != Fixture().key());
}

TEST_CASE("what is written before the handshake is done follows it, wherever reads end") {
  for (const bool in_pieces : {false, true}) {
    Fixture f;
    f.stream->write("early ");
    f.stream->write("bird");
    const std::string all = f.answer() + frame(Opcode::binary, "one ") + frame(Opcode::ping, "?") +
                            frame(Opcode::binary, "two");
    f.wire.written.clear();
    for (size_t at = 0; at < all.size(); at += in_pieces ? 1 : all.size()) {
      f.below->receive(std::string_view(all).substr(at, in_pieces ? 1 : all.size()));
    }
    CHECK(f.reader.received == "one two");
    f.stream->write(" late");
    f.thread.run();
    const Unframed sent = f.sent();
    CHECK(sent.bytes == "early bird late");
    CHECK(sent.pongs == 1);
  }
}

TEST_CASE("a handshake that is refused or no WebSocket's ends the stream and says why") {
  const std::pair<std::string, std::string> cases[] = {
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP 404"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
       "not a WebSocket server's"},
      {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "; does the server speak WebSocket at that port?"},
  };
  for (const auto& [answer, words] : cases) {
    Fixture f;
    f.below->receive(answer);
    CHECK_FALSE(f.reader.end.empty());
    CHECK(f.reader.end.find(words) != std::string::npos);
    CHECK(f.wire.end != FakeWire::End::open);
  }
  Fixture other;
  other.below->receive(other.answer("chat"));
  CHECK(other.reader.end.find("does not speak mqtt") != std::string::npos);
}

TEST_CASE("the reader of a client learns of a close, of text and of a lost connection") {
  {
    Fixture f;
    std::string bytes = f.answer();
    append_close_frame(bytes, 1001, "going away");
    f.wire.written.clear();
    f.below->receive(bytes);
    CHECK(f.reader.end == "the server closed the WebSocket: 1001 going away");
    CHECK(f.sent().closed);
  }
  {
    Fixture f;
    f.below->receive(f.answer() + frame(Opcode::text, "hello"));
    CHECK(f.reader.end == "the server sent text over the WebSocket");
  }
  {
    Fixture f;
    f.below->end({});
    const std::string told =
        "the connection was closed in the WebSocket handshake; does the server speak WebSocket at "
        "that port?";
    CHECK(f.reader.end == told);
    Fixture reset;
    reset.below->end(Error{Errc::unavailable, "read: connection reset by peer"});
    CHECK(reset.reader.end == told);
    Fixture failed;
    failed.below->end(Error{Errc::io, "TLS handshake: failed"});
    CHECK(failed.reader.end == "TLS handshake: failed");
  }
}

TEST_CASE("a client's reader may let its stream go while it is given bytes") {
  Fixture f;
  f.reader.on_each = [&] { f.stream.reset(); };
  f.below->receive(f.answer() + frame(Opcode::binary, "x") + frame(Opcode::binary, "y"));
  CHECK(f.reader.received == "x");
  CHECK(f.reader.end.empty());
}

}  // namespace weir::http
