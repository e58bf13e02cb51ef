#include "net/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <atomic>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include "base/metrics.h"
#include "net/blocking_socket.h"
#include "net/listener.h"
#include "net/loop_thread.h"
#include "net/tcp_stream.h"
#include "net/test_support.h"

namespace weir::net {
namespace {

using testing::Awaited;
using testing::eventually;
using testing::kPatienceMs;
using testing::run_on;

double metric(const std::string& name) {
  const std::string text = metrics::exposition_text();
  const size_t at = text.find("\n" + name + " ");
  REQUIRE(at != std::string::npos);
  return std::stod(text.substr(at + name.size() + 2));
}

// A reader made of functions, owning its stream; destroyed on its loop.
struct Connection : StreamReader {
  std::unique_ptr<Stream> stream;
  std::function<void(std::string_view)> bytes = [](std::string_view) {};
  std::function<void(Result<void>)> ended = [](Result<void>) {};
  std::function<void()> drained = [] {};
  void on_bytes(std::string_view received) override { bytes(received); }
  void on_end(Result<void> how) override { ended(std::move(how)); }
  void on_drained() override { drained(); }
};

// A server on a free port that hands each connection to `set_up` before it reads.
struct Server {
  explicit Server(std::function<void(std::unique_ptr<Connection>)> set_up, size_t thread_count = 1)
      : threads(thread_count) {
    auto opened =
        Listener::open(threads, {"127.0.0.1", 0}, [set_up](std::unique_ptr<Stream> stream) {
          auto connection = std::make_unique<Connection>();
          connection->stream = std::move(stream);
          set_up(std::move(connection));
        });
    REQUIRE(opened.ok());
    listener = std::move(*opened);
  }
  BlockingSocket connect() {
    auto socket = BlockingSocket::connect("127.0.0.1", listener->port(), kPatienceMs);
    REQUIRE(socket.ok());
    return std::move(*socket);
  }
  IoThreads threads;
  std::unique_ptr<Listener> listener;
};

std::string receive_exactly(BlockingSocket& socket, size_t size) {
  std::string received;
  while (received.size() < size) {
    auto got = socket.receive(received, kPatienceMs);
    if (!got.ok() || *got == 0) break;
  }
  return received;
}

std::string receive_all(BlockingSocket& socket) { return receive_exactly(socket, SIZE_MAX); }

}  // namespace

TEST_CASE("bytes come back from an echo server, over several connections and loops") {
  std::vector<std::unique_ptr<Connection>> kept[2];
  Server server(
      [&](std::unique_ptr<Connection> connection) {
        Connection* self = connection.get();
        self->bytes = [self](std::string_view received) { self->stream->write(received); };
        self->stream->start(*self);
        kept[self->stream->io_thread().index()].push_back(std::move(connection));
      },
      2);
  std::vector<BlockingSocket> clients;
  for (int i = 0; i < 6; ++i) clients.push_back(server.connect());
  for (size_t i = 0; i < clients.size(); ++i) {
    const std::string sent = "hello from " + std::to_string(i);
    REQUIRE(clients[i].send_all(sent, kPatienceMs).ok());
    CHECK(receive_exactly(clients[i], sent.size()) == sent);
  }
  server.threads.stop();
  CHECK(kept[0].size() == 3);  // handed over in turn
  CHECK(kept[1].size() == 3);
  CHECK(kept[0][0]->stream->peer().is_loopback);
  CHECK(kept[0][0]->stream->peer().address == "127.0.0.1");
}

TEST_CASE("many writes in one batch are one system call") {
  std::unique_ptr<Connection> kept;
  Server server([&](std::unique_ptr<Connection> connection) {
    kept = std::move(connection);
    kept->bytes = [&](std::string_view) {
      const auto shared = std::make_shared<const std::string>(std::string(2000, 's'));
      for (int i = 0; i < 20; ++i) {
        kept->stream->write("0123456789");
        kept->stream->write_shared(shared);
      }
      CHECK(kept->stream->unsent_bytes() == 20 * 2010);
    };
    kept->stream->start(*kept);
  });
  BlockingSocket client = server.connect();
  const double calls_before = metric("weir_net_send_calls_total");
  REQUIRE(client.send_all("go", kPatienceMs).ok());
  const std::string received = receive_exactly(client, 20 * 2010);
  CHECK(received.size() == 20 * 2010);
  CHECK(received.substr(0, 12) == "0123456789ss");
  run_on(server.threads.at(0), [&] { CHECK(kept->stream->unsent_bytes() == 0); });
  CHECK(metric("weir_net_send_calls_total") - calls_before == 1);
  server.threads.stop();
}

TEST_CASE("a reader may destroy itself and its stream while it is given bytes") {
  Awaited<bool> destroyed;
  Server server([&](std::unique_ptr<Connection> connection) {
    Connection* self = connection.release();
    self->bytes = [self, &destroyed](std::string_view) {
      auto& awaited = destroyed;
      delete self;
      awaited.set(true);
    };
    self->stream->start(*self);
  });
  BlockingSocket client = server.connect();
  REQUIRE(client.send_all("die", kPatienceMs).ok());
  CHECK(destroyed.wait());
  CHECK(receive_all(client).empty());
}

TEST_CASE("a reader may close, or destroy itself, at the end of its stream") {
  for (const bool destroys : {false, true}) {
    Awaited<bool> ended;
    std::unique_ptr<Connection> kept;
    Server server([&](std::unique_ptr<Connection> connection) {
      kept = std::move(connection);
      kept->ended = [&](Result<void> how) {
        const bool ok = how.ok();
        auto& awaited = ended;
        if (destroys) {
          kept.reset();
        } else {
          kept->stream->close();
        }
        awaited.set(ok);
      };
      kept->stream->start(*kept);
    });
    BlockingSocket client = server.connect();
    client.shutdown_send();
    REQUIRE(ended.wait());
    CHECK(ended.value());
    CHECK(receive_all(client).empty());
    server.threads.stop();
  }
}

TEST_CASE("a reset by the peer ends the stream with an error") {
  Awaited<bool> ended;
  std::unique_ptr<Connection> kept;
  Server server([&](std::unique_ptr<Connection> connection) {
    kept = std::move(connection);
    kept->ended = [&](Result<void> how) { ended.set(how.ok()); };
    kept->stream->start(*kept);
  });
  BlockingSocket client = server.connect();
  client.reset();
  REQUIRE(ended.wait());
  CHECK_FALSE(ended.value());
  server.threads.stop();
}

TEST_CASE("a slow peer shows in unsent_bytes, and on_drained tells when it has caught up") {
  constexpr size_t kSize = 32 * 1024 * 1024;
  Awaited<bool> blocked, drained;
  std::unique_ptr<Connection> kept;
  Server server([&](std::unique_ptr<Connection> connection) {
    kept = std::move(connection);
    kept->drained = [&] { drained.set(kept->stream->unsent_bytes() == 0); };
    kept->stream->start(*kept);
    kept->stream->write_shared(std::make_shared<const std::string>(std::string(kSize, 'x')));
    // After the flush: the kernel's buffers are far smaller than this.
    kept->stream->io_thread().after_ms(
        0, [&] { blocked.set(kept->stream->unsent_bytes() > kStreamLowWaterBytes); });
  });
  BlockingSocket client = server.connect();
  REQUIRE(blocked.wait());
  CHECK(blocked.value());
  CHECK(receive_exactly(client, kSize).size() == kSize);
  REQUIRE(drained.wait());
  CHECK(drained.value());
  server.threads.stop();
}

TEST_CASE("a reader may destroy itself when its stream has drained") {
  Awaited<bool> destroyed;
  Server server([&](std::unique_ptr<Connection> connection) {
    Connection* self = connection.release();
    self->drained = [self, &destroyed] {
      auto& awaited = destroyed;
      delete self;
      awaited.set(true);
    };
    self->stream->start(*self);
    self->stream->write(std::string(kStreamLowWaterBytes + 1, 'x'));
  });
  BlockingSocket client = server.connect();
  CHECK(receive_all(client).size() == kStreamLowWaterBytes + 1);
  CHECK(destroyed.wait());
}

TEST_CASE("no bytes arrive while reading is paused") {
  std::unique_ptr<Connection> kept;
  std::string received;
  Awaited<bool> ready, all;
  Server server([&](std::unique_ptr<Connection> connection) {
    kept = std::move(connection);
    kept->bytes = [&](std::string_view bytes) {
      received += bytes;
      if (received == "ab") all.set(true);
      kept->stream->pause_reading();
      ready.set(true);
    };
    kept->stream->start(*kept);
  });
  BlockingSocket client = server.connect();
  REQUIRE(client.send_all("a", kPatienceMs).ok());
  REQUIRE(ready.wait());
  REQUIRE(client.send_all("b", kPatienceMs).ok());
  run_on(server.threads.at(0), [] {});  // the loop goes on meanwhile
  run_on(server.threads.at(0), [&] {
    CHECK(received == "a");
    kept->stream->resume_reading();
  });
  CHECK(all.wait());
  server.threads.stop();
}

TEST_CASE("a graceful close delivers everything, even if the stream is let go at once") {
  constexpr size_t kSize = 8 * 1024 * 1024;
  Server server([&](std::unique_ptr<Connection> connection) {
    connection->stream->start(*connection);
    connection->stream->write(std::string(kSize, 'x'));
    connection->stream->close_gracefully();
    connection->stream->write("too late");
  });
  BlockingSocket client = server.connect();
  CHECK(receive_all(client) == std::string(kSize, 'x'));
}

TEST_CASE("a graceful close waits for the peer's side, but not for ever") {
  std::unique_ptr<Connection> kept;
  const double open_before = metric("weir_net_connections");
  Server server([&](std::unique_ptr<Connection> connection) {
    kept = std::move(connection);
    kept->bytes = [](std::string_view) { FAIL_CHECK("no calls after close_gracefully()"); };
    kept->ended = [](Result<void>) { FAIL_CHECK("no calls after close_gracefully()"); };
    kept->stream->start(*kept);
    kept->stream->write("bye");
    kept->stream->close_gracefully();
  });
  BlockingSocket client = server.connect();
  REQUIRE(client.send_all("still talking", kPatienceMs).ok());
  CHECK(receive_all(client) == "bye");
  CHECK(eventually([&] { return metric("weir_net_connections") == open_before; }));
  server.threads.stop();
}

TEST_CASE("streams outlive a stopped loop without calls to their readers") {
  std::unique_ptr<Connection> kept;
  Awaited<bool> open;
  {
    Server server([&](std::unique_ptr<Connection> connection) {
      kept = std::move(connection);
      kept->ended = [](Result<void>) { FAIL_CHECK("connections are dropped without a word"); };
      kept->stream->start(*kept);
      open.set(true);
    });
    BlockingSocket client = server.connect();
    REQUIRE(open.wait());
    server.threads.stop();
    CHECK(receive_all(client).empty());
    kept->stream->write("into the void");
    CHECK(kept->stream->unsent_bytes() == 0);
    kept.reset();
  }
}

TEST_CASE("a peer that vanishes without a word is probed for") {
  LoopThread loop(0);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  loop.request_stop();
  loop.join();  // a stopped loop belongs to this thread
  auto stream = make_tcp_stream(loop, fd, {});
  int on = 0, idle_s = 0;
  socklen_t size = sizeof(int);
  CHECK(::getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &size) == 0);
  CHECK(::getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, &size) == 0);
  CHECK(on != 0);
  CHECK(idle_s == 60);
}

}  // namespace weir::net
