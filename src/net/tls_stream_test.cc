#include "net/tls_stream.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "net/blocking_socket.h"
#include "net/listener.h"
#include "net/test_support.h"

namespace weir::net {
namespace {

using testing::Awaited;
using testing::kPatienceMs;

const std::string kCertificate = std::string(WEIR_TEST_DIR) + "/net/server.crt";
const std::string kKey = std::string(WEIR_TEST_DIR) + "/net/server.key";

// Owns its stream; all calls on loop 0.
struct Side final : StreamReader {
  std::unique_ptr<Stream> stream;
  std::string received;
  std::function<void(std::string_view)> bytes = [](std::string_view) {};
  Awaited<std::string> ended;
  void on_bytes(std::string_view got) override {
    received += got;
    bytes(got);
  }
  void on_end(Result<void> how) override { ended.set(how.ok() ? "ok" : how.error().message); }
};

struct Fixture {
  IoThreads threads{1};
  std::shared_ptr<const TlsContext> server_context, client_context;
  std::vector<std::unique_ptr<Side>> served;
  std::function<void(Side&)> set_up = [](Side&) {};
  Side client;
  std::unique_ptr<Listener> listener;

  Fixture() {
    auto server = TlsContext::server({.certificates = {{kCertificate, kKey}}});
    REQUIRE(server.ok());
    server_context = std::move(*server);
    auto trusting = TlsContext::client({.authority_file = kCertificate});
    REQUIRE(trusting.ok());
    client_context = std::move(*trusting);
    auto opened = Listener::open(threads, {"127.0.0.1", 0}, [this](std::unique_ptr<Stream> stream) {
      served.push_back(std::make_unique<Side>());
      Side& side = *served.back();
      side.stream = make_tls_server_stream(std::move(stream), server_context);
      set_up(side);
      side.stream->start(side);
    });
    REQUIRE(opened.ok());
    listener = std::move(*opened);
  }
  ~Fixture() { threads.stop(); }
  void connect(const std::string& host, std::function<void(Stream&)> begin) {
    dial(threads.at(0), "127.0.0.1", listener->port(), kPatienceMs,
         [this, host, begin](Result<std::unique_ptr<Stream>> stream) {
           REQUIRE(stream.ok());
           client.stream = make_tls_client_stream(std::move(*stream), client_context, host);
           client.stream->start(client);
           begin(*client.stream);
         });
  }
};

}  // namespace

TEST_CASE("bytes pass both ways, encrypted, in large and small pieces") {
  std::string sent;
  Awaited<bool> all;
  Fixture f;
  f.set_up = [](Side& side) {
    side.bytes = [&side](std::string_view got) { side.stream->write(got); };
  };
  for (int i = 0; sent.size() < 3'000'000; ++i) sent += "line " + std::to_string(i) + "\n";
  f.client.bytes = [&](std::string_view) {
    if (f.client.received.size() == sent.size()) all.set(true);
  };
  f.connect("localhost", [&](Stream& stream) {
    stream.write("line ");  // before the handshake
    stream.write_shared(std::make_shared<const std::string>(sent.substr(5)));
    CHECK(stream.unsent_bytes() >= sent.size());
  });
  REQUIRE(all.wait());
  CHECK(f.client.received == sent);
}

TEST_CASE("a graceful close delivers everything, then ends the stream well") {
  Fixture f;
  f.set_up = [](Side& side) {
    side.bytes = [&side](std::string_view) {
      side.stream->write(std::string(500'000, 'x'));
      side.stream->close_gracefully();
      side.stream->write("too late");
    };
  };
  f.connect("127.0.0.1", [](Stream& stream) { stream.write("go"); });
  REQUIRE(f.client.ended.wait());
  CHECK(f.client.ended.value() == "ok");
  CHECK(f.client.received == std::string(500'000, 'x'));
}

TEST_CASE("a certificate for another name, or from an unknown authority, is refused") {
  for (const bool is_name_wrong : {true, false}) {
    Fixture f;
    if (!is_name_wrong) f.client_context = *TlsContext::client({});
    f.connect(is_name_wrong ? "example.org" : "localhost",
              [](Stream& stream) { stream.write("secret"); });
    REQUIRE(f.client.ended.wait());
    CHECK(f.client.ended.value().starts_with(
        "TLS handshake: the server's certificate is not trusted: "));
    testing::run_on(f.threads.at(0), [&] { CHECK(f.served.at(0)->received.empty()); });
  }
}

TEST_CASE("a peer that speaks something else ends in an error, as does one that leaves early") {
  for (std::string_view text : {"GET / HTTP/1.1\r\nHost: w\r\n\r\n", ""}) {
    Awaited<Side*> side;
    Fixture f;
    f.set_up = [&](Side& set) { side.set(&set); };
    auto socket = BlockingSocket::connect("127.0.0.1", f.listener->port(), kPatienceMs);
    REQUIRE(socket.ok());
    REQUIRE(socket->send_all(text, kPatienceMs).ok());
    socket->shutdown_send();
    REQUIRE(side.wait());
    REQUIRE(side.value()->ended.wait());
    CHECK(side.value()->ended.value() ==
          (text.empty() ? "TLS handshake: the peer has left"
                        : "TLS handshake: the client speaks HTTP without TLS to a port for TLS"));
  }
}

TEST_CASE("a reader may let its stream go while it is given bytes") {
  Fixture f;
  f.set_up = [&](Side& side) { side.bytes = [&side](std::string_view) { side.stream.reset(); }; };
  f.connect("localhost", [](Stream& stream) { stream.write("die"); });
  REQUIRE(f.client.ended.wait());
}

TEST_CASE("no bytes arrive while reading is paused, though they were received") {
  Awaited<bool> all;
  Fixture f;
  f.set_up = [&](Side& side) {
    side.bytes = [&](std::string_view) {
      if (side.received.size() == 1'000'000) all.set(true);
      side.stream->pause_reading();
      side.stream->io_thread().post([&side] { side.stream->resume_reading(); });
    };
  };
  f.connect("localhost", [](Stream& stream) { stream.write(std::string(1'000'000, 'x')); });
  CHECK(all.wait());
}

namespace {

// An io thread and a stream that do nothing but remember.
struct StillThread final : IoThread {
  std::function<void()> timer;
  int64_t timer_ms = 0;
  void post(std::function<void()> task) override { task(); }
  TimerId after_ms(int64_t delay_ms, std::function<void()> task) override {
    timer_ms = delay_ms;
    timer = std::move(task);
    return 1;
  }
  void cancel(TimerId) override { timer = nullptr; }
  void at_end_of_batch(std::function<void()>) override {}
  bool is_this_thread() const override { return true; }
  size_t index() const override { return 0; }
};
struct StillStream final : Stream {
  StillStream(StillThread& io, bool& closed) : thread(io), is_closing(closed) {}
  void start(StreamReader&) override {}
  void pause_reading() override {}
  void resume_reading() override {}
  void write(std::string_view) override {}
  void write_shared(std::shared_ptr<const std::string>) override {}
  size_t unsent_bytes() const override { return 0; }
  void close_gracefully() override { is_closing = true; }
  void close() override {}
  const Peer& peer() const override { return nobody; }
  IoThread& io_thread() override { return thread; }
  StillThread& thread;
  bool& is_closing;
  Peer nobody;
};

}  // namespace

TEST_CASE("a peer that does not finish the handshake in time is let go") {
  auto context = TlsContext::server({.certificates = {{kCertificate, kKey}}});
  REQUIRE(context.ok());
  StillThread thread;
  bool is_closing = false;
  Side side;
  side.stream = make_tls_server_stream(std::make_unique<StillStream>(thread, is_closing), *context);
  side.stream->start(side);
  CHECK(thread.timer_ms == kHandshakeMsMax);
  REQUIRE(thread.timer != nullptr);
  std::exchange(thread.timer, nullptr)();
  REQUIRE(side.ended.wait());
  CHECK(side.ended.value() == "TLS handshake: the peer takes too long");
  CHECK(is_closing);
}

}  // namespace weir::net
