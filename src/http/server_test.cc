// The server over real sockets: what the cases with a fake stream cannot show.
#include "http/server.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "base/workers.h"
#include "http/compression.h"
#include "http/websocket_codec.h"
#include "http/wire_parser.h"
#include "net/blocking_socket.h"
#include "net/test_support.h"
#include "net/tls_context.h"

namespace weir::http {
namespace {

using net::BlockingSocket;
using net::testing::Awaited;
using net::testing::eventually;
using net::testing::kPatienceMs;

Headers text_headers() {
  Headers headers;
  headers.set("Content-Type", "text/plain");
  return headers;
}

struct Fixture {
  explicit Fixture(ServerOptions options = {}, size_t thread_count = 2) : threads(thread_count) {
    router.add("GET", "/hello", [](Request, ResponderPtr responder) {
      responder->send(200, text_headers(), "hello");
    });
    router.add("POST", "/echo", [](Request request, ResponderPtr responder) {
      responder->send(200, text_headers(), std::move(request.body));
    });
    options_ = options;
  }
  ~Fixture() {
    server.reset();
    threads.stop();
  }
  void open() {
    auto opened = Server::open(threads, {"127.0.0.1", 0}, router, options_);
    REQUIRE(opened.ok());
    server = std::move(*opened);
  }
  BlockingSocket connect() {
    auto socket = BlockingSocket::connect("127.0.0.1", server->port(), kPatienceMs);
    REQUIRE(socket.ok());
    return std::move(*socket);
  }
  net::IoThreads threads;
  Router router;
  ServerOptions options_;
  std::unique_ptr<Server> server;
};

struct Received {
  int status = 0;
  Headers headers;
  std::string body;
  bool is_complete = false;
};

Received receive(BlockingSocket& socket) {
  Received answer;
  ResponseParser parser({1 << 20, size_t{1} << 30}, false, [&](std::string_view bytes) {
    answer.body += bytes;
    return true;
  });
  std::string buffer;
  while (!parser.is_complete() && parser.failure() == nullptr) {
    auto got = socket.receive(buffer, kPatienceMs);
    if (!got.ok()) break;
    if (*got == 0) parser.feed_end();
    if (*got == 0) break;
    buffer.erase(0, parser.feed(buffer));
  }
  answer.status = parser.status();
  answer.headers = parser.headers();
  answer.is_complete = parser.is_complete();
  return answer;
}

void send(BlockingSocket& socket, std::string_view text) {
  REQUIRE(socket.send_all(text, kPatienceMs).ok());
}

std::string get(std::string_view path) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: w\r\n\r\n", path);
}

}  // namespace

TEST_CASE("many connections, many requests each") {
  Fixture fixture;
  fixture.open();
  std::vector<BlockingSocket> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(fixture.connect());
  for (int round = 0; round < 10; ++round) {
    for (auto& client : clients) send(client, get("/hello"));
    for (auto& client : clients) {
      const Received answer = receive(client);
      CHECK(answer.status == 200);
      CHECK(answer.body == "hello");
    }
  }
}

TEST_CASE("a large body goes in and comes out whole") {
  Fixture fixture;
  fixture.open();
  BlockingSocket client = fixture.connect();
  std::string body;
  for (int i = 0; body.size() < 8 * 1024 * 1024; ++i) body += fmt::format("line {}\n", i);
  send(client,
       fmt::format("POST /echo HTTP/1.1\r\nHost: w\r\nContent-Length: {}\r\n\r\n", body.size()));
  std::thread sender([&] { CHECK(client.send_all(body, kPatienceMs).ok()); });
  const Received answer = receive(client);
  sender.join();
  CHECK(answer.body == body);
}

TEST_CASE("bodies on their way together are bounded, and what went away no longer counts") {
  ServerOptions options;
  options.bodies_bytes_max = 100'000;
  Fixture fixture(options);
  fixture.open();
  for (int round = 0; round < 3; ++round) {
    BlockingSocket greedy = fixture.connect();
    send(greedy, "POST /echo HTTP/1.1\r\nHost: w\r\nContent-Length: 200000\r\n\r\n");
    send(greedy, std::string(150'000, 'x'));
    CHECK(receive(greedy).status == 503);
    BlockingSocket modest = fixture.connect();
    send(modest, "POST /echo HTTP/1.1\r\nHost: w\r\nContent-Length: 95000\r\n\r\n");
    send(modest, std::string(90'000, 'x'));
    send(modest, std::string(5'000, 'y'));
    CHECK(receive(modest).body.size() == 95'000);
  }
}

TEST_CASE("a worker streams to a slow client, held back by it") {
  Workers workers("test", 2, 100);
  constexpr size_t kPieces = 2000, kPieceBytes = 16 * 1024;
  std::atomic<size_t> pieces_written = 0;
  Fixture fixture;
  fixture.router.add("GET", "/stream", [&](Request, ResponderPtr responder) {
    REQUIRE(workers.try_submit([&, responder] {
      Headers headers;
      headers.set("Content-Type", "application/octet-stream");
      responder->start(200, headers);
      for (size_t i = 0; i < kPieces; ++i) {
        if (!responder->write(std::string(kPieceBytes, static_cast<char>('a' + i % 26)))) return;
        ++pieces_written;
      }
      responder->finish();
    }));
  });
  fixture.open();
  BlockingSocket client = fixture.connect();
  send(client, get("/stream"));
  // The kernel takes a few MiB on the way; then the worker must be waiting.
  size_t seen = 0;
  REQUIRE(eventually([&] { return pieces_written > 50; }));
  for (int still = 0; still < 2000; ++still) {
    if (pieces_written != std::exchange(seen, pieces_written.load())) still = 0;
    std::this_thread::yield();
  }
  CHECK(pieces_written < kPieces);
  const Received answer = receive(client);
  CHECK(answer.is_complete);
  CHECK(answer.body.size() == kPieces * kPieceBytes);
  CHECK(answer.body[kPieceBytes] == 'b');
  workers.stop();
}

TEST_CASE("a streamed answer is gzip for who accepts it, and many small writes are few chunks") {
  Workers workers("test", 1, 100);
  Fixture fixture;
  fixture.router.add("GET", "/rows", [&](Request, ResponderPtr responder) {
    REQUIRE(workers.try_submit([responder] {
      responder->start(200, text_headers());
      for (int i = 0; i < 100'000; ++i) responder->write(fmt::format("row {}\n", i));
      responder->finish();
    }));
  });
  fixture.open();
  std::string expected;
  for (int i = 0; i < 100'000; ++i) expected += fmt::format("row {}\n", i);
  BlockingSocket client = fixture.connect();
  send(client, get("/rows"));
  CHECK(receive(client).body == expected);
  send(client, "GET /rows HTTP/1.1\r\nHost: w\r\nAccept-Encoding: gzip\r\n\r\n");
  const Received zipped = receive(client);
  CHECK(zipped.headers.get("Content-Encoding") == "gzip");
  auto plain = gunzip(zipped.body, 1 << 24);
  REQUIRE(plain.ok());
  CHECK(*plain == expected);
  workers.stop();
}

TEST_CASE("a client that leaves cancels the work on its answer") {
  Workers workers("test", 1, 100);
  Awaited<bool> told, ended;
  Fixture fixture;
  fixture.router.add("GET", "/endless", [&](Request, ResponderPtr responder) {
    responder->on_closed([&] { told.set(true); });
    REQUIRE(workers.try_submit([&, responder] {
      responder->start(200, text_headers());
      while (responder->write("again and again\n")) {
      }
      ended.set(responder->closed());
    }));
  });
  fixture.open();
  {
    BlockingSocket client = fixture.connect();
    send(client, get("/endless"));
    std::string some;
    REQUIRE(client.receive(some, kPatienceMs).ok());
  }
  CHECK(told.wait());
  REQUIRE(ended.wait());
  CHECK(ended.value());
  workers.stop();
}

TEST_CASE("connections above the limit are told so") {
  ServerOptions options;
  options.connections_max = 2;
  Fixture fixture(options);
  fixture.open();
  BlockingSocket first = fixture.connect();
  BlockingSocket second = fixture.connect();
  send(first, get("/hello"));
  send(second, get("/hello"));
  CHECK(receive(first).status == 200);
  CHECK(receive(second).status == 200);
  BlockingSocket third = fixture.connect();
  const Received refused = receive(third);
  CHECK(refused.status == 503);
  CHECK(refused.body == R"({"code":"unavailable","message":"too many connections"})");
}

TEST_CASE("stop answers what is under way, closes what is idle, and accepts no more") {
  Awaited<ResponderPtr> later;
  Fixture fixture;
  fixture.router.add("GET", "/later",
                     [&](Request, ResponderPtr responder) { later.set(std::move(responder)); });
  fixture.open();
  const uint16_t port = fixture.server->port();
  BlockingSocket idle = fixture.connect();
  BlockingSocket busy = fixture.connect();
  send(idle, get("/hello"));
  CHECK(receive(idle).status == 200);
  send(busy, get("/later"));
  REQUIRE(later.wait());
  std::thread stopper([&] { fixture.server->stop(kPatienceMs); });
  std::string rest;
  CHECK(*idle.receive(rest, kPatienceMs) == 0);
  std::exchange(later.value(), nullptr)->send(200, text_headers(), "done");
  const Received answer = receive(busy);
  CHECK(answer.body == "done");
  CHECK(answer.headers.get("Connection") == "close");
  stopper.join();
  CHECK_FALSE(BlockingSocket::connect("127.0.0.1", port, kPatienceMs).ok());
}

TEST_CASE("stop does not wait for ever, and late answers go nowhere") {
  Awaited<ResponderPtr> later;
  Fixture fixture;
  fixture.router.add("GET", "/later",
                     [&](Request, ResponderPtr responder) { later.set(std::move(responder)); });
  fixture.open();
  BlockingSocket client = fixture.connect();
  send(client, get("/later"));
  REQUIRE(later.wait());
  fixture.server->stop(0);
  CHECK(later.value()->closed());
  fixture.server.reset();
  later.value()->send(200, text_headers(), "too late");
  later.value() = nullptr;
  CHECK_FALSE(receive(client).is_complete);
}

TEST_CASE("a WebSocket talks, is pinged, and closes") {
  Awaited<bool> closed;
  std::shared_ptr<WebSocket> socket;
  Fixture fixture;
  fixture.router.add_websocket("/ws", [&](const Request& request) {
    WebSocketAnswer answer;
    if (request.query.get("who") != "friend") {
      answer.refuse_status = 403;
      answer.refuse_body = "no";
      return answer;
    }
    answer.subprotocol = "chat";
    answer.opened = [&](std::shared_ptr<WebSocket> opened) {
      socket = std::move(opened);
      WebSocketEvents events;
      events.on_message = [&](std::string_view message, bool is_text) {
        is_text ? socket->send_text(message) : socket->send_binary(message);
      };
      events.on_closed = [&] { closed.set(true); };
      return events;
    };
    return answer;
  });
  fixture.open();
  const std::string_view handshake =
      "GET /ws?who={} HTTP/1.1\r\nHost: w\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

  BlockingSocket stranger = fixture.connect();
  send(stranger, fmt::format(fmt::runtime(handshake), "stranger"));
  CHECK(receive(stranger).status == 403);

  BlockingSocket client = fixture.connect();
  std::string first = fmt::format(fmt::runtime(handshake), "friend");
  append_frame(first, Opcode::text, "hello", 0x01020304);  // does not wait for the handshake
  send(client, first);
  std::string received;
  auto receive_until = [&](std::string_view end) {
    return eventually([&] {
      if (received.ends_with(end)) return true;
      auto got = client.receive(received, kPatienceMs);
      return received.ends_with(end) || !got.ok();
    });
  };
  REQUIRE(receive_until("\x81\x05hello"));
  CHECK(received.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  // RFC 6455 section 1.3.
  CHECK(received.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") !=
        std::string::npos);
  CHECK(received.find("Sec-WebSocket-Protocol: chat\r\n") != std::string::npos);

  std::string frames;
  append_frame(frames, Opcode::ping, "are you there", 0x01020304);
  send(client, frames);
  REQUIRE(
      receive_until("\x8a\x0d"
                    "are you there"));
  frames.clear();
  append_close_frame(frames, 1000, "bye", 0x01020304);
  send(client, frames);
  REQUIRE(receive_until("\x88\x02\x03\xe8"));
  CHECK(*client.receive(received, kPatienceMs) == 0);
  CHECK(closed.wait());
  net::testing::run_on(socket->io_thread(), [&] {
    socket->send_text("nobody hears this");
    socket->close(1000, "again");
    CHECK(socket->unsent_bytes() == 0);
  });
}

TEST_CASE("curl gets along with the server, plain and encrypted") {
  if (std::system("command -v curl >/dev/null 2>&1") != 0) {
    MESSAGE("curl is not installed");
    return;
  }
  const std::string directory = std::string(WEIR_TEST_DIR) + "/net/";
  for (const bool is_encrypted : {false, true}) {
    ServerOptions options;
    if (is_encrypted) {
      auto tls = net::TlsServer::open(
          {.certificates = {{directory + "server.crt", directory + "server.key"}}});
      REQUIRE(tls.ok());
      options.listen.tls = std::move(*tls);
    }
    Fixture fixture(options);
    fixture.router.add("GET", "/encrypted", [](Request request, ResponderPtr responder) {
      responder->send(200, text_headers(), request.encrypted ? "yes" : "no");
    });
    fixture.open();
    auto curl = [&](std::string_view path, std::string_view arguments) {
      const std::string command = fmt::format(
          "head -c 3000000 /dev/zero | tr '\\0' x | curl -sS --max-time 20 --cacert "
          "{}server.crt {} {}://localhost:{}{} --resolve localhost:{}:127.0.0.1",
          directory, arguments, is_encrypted ? "https" : "http", fixture.server->port(), path,
          fixture.server->port());
      FILE* pipe = ::popen(command.c_str(), "r");
      std::string out;
      char buffer[4096];
      for (size_t size; (size = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0;)
        out.append(buffer, size);
      ::pclose(pipe);
      return out;
    };
    const std::string body(3'000'000, 'x');
    CHECK(curl("/echo", "--data-binary @-") == body);  // Expect: 100-continue
    CHECK(curl("/echo", "-H 'Transfer-Encoding: chunked' --data-binary @-") == body);
    CHECK(curl("/echo", "--compressed --data-binary @-") == body);
    CHECK(curl("/echo", "--http1.0 --data-binary @-") == body);
    CHECK(curl("/encrypted", "") == (is_encrypted ? "yes" : "no"));
    CHECK(curl("/hello", "-o /dev/null -w '%{http_code}' --data-binary @-") == "405");
  }
}

}  // namespace weir::http
