#include "net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include "base/metrics.h"
#include "net/blocking_socket.h"
#include "net/test_support.h"

namespace weir::net {
namespace {

using testing::Awaited;
using testing::eventually;
using testing::kPatienceMs;

}  // namespace

TEST_CASE("listen addresses: what they may look like, and what not") {
  struct Case {
    std::string_view text, host;
    uint16_t port;
  };
  for (const Case& c : {Case{"127.0.0.1:1883", "127.0.0.1", 1883}, Case{"[::1]:0", "::1", 0},
                        Case{":8086", "", 8086}, Case{"*:8086", "", 8086},
                        Case{"localhost:65535", "localhost", 65535}}) {
    auto parsed = parse_listen_address(c.text);
    REQUIRE_MESSAGE(parsed.ok(), c.text);
    CHECK(parsed->host == c.host);
    CHECK(parsed->port == c.port);
  }
  auto on_path = parse_listen_address("unix:/run/weir/mqtt.sock");
  REQUIRE(on_path.ok());
  CHECK(on_path->path == "/run/weir/mqtt.sock");
  for (std::string_view text : {"", "unix:", "8086", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                                "127.0.0.1:-1", "127.0.0.1:80x", "::1:80", "[]:80", "[::1]"}) {
    auto parsed = parse_listen_address(text);
    REQUIRE_MESSAGE(!parsed.ok(), text);
    CHECK(parsed.error().code == Errc::invalid);
  }
}

TEST_CASE("a taken address is refused by name, and free again after the listener is gone") {
  IoThreads threads(1);
  auto first = Listener::open(threads, {"127.0.0.1", 0}, [](std::unique_ptr<Stream>) {});
  REQUIRE(first.ok());
  const uint16_t port = (*first)->port();
  CHECK((*first)->address() == "127.0.0.1:" + std::to_string(port));
  auto second = Listener::open(threads, {"127.0.0.1", port}, [](std::unique_ptr<Stream>) {});
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().message == "127.0.0.1:" + std::to_string(port) + ": address already in use");
  const auto answers =
      try_listening({{"127.0.0.1", port}, {"127.0.0.1", 0}, {"", 0, "/no/such/directory/socket"}});
  REQUIRE(answers.size() == 3);
  CHECK(answers[0].error().message == second.error().message);
  CHECK((answers[1].ok() && answers[2].ok()));
  first->reset();
  auto third = Listener::open(threads, {"127.0.0.1", port}, [](std::unique_ptr<Stream>) {});
  CHECK(third.ok());
}

TEST_CASE("listening on all addresses takes IPv4 connections, shown as such") {
  IoThreads threads(1);
  Awaited<std::string> peer;
  auto listener = Listener::open(
      threads, {"", 0}, [&](std::unique_ptr<Stream> stream) { peer.set(stream->peer().address); });
  REQUIRE(listener.ok());
  auto client = BlockingSocket::connect("127.0.0.1", (*listener)->port(), kPatienceMs);
  REQUIRE(client.ok());
  REQUIRE(peer.wait());
  CHECK(peer.value() == "127.0.0.1");
}

TEST_CASE("no connection is accepted after stop") {
  IoThreads threads(2);
  auto listener = Listener::open(threads, {"127.0.0.1", 0}, [](std::unique_ptr<Stream>) {});
  REQUIRE(listener.ok());
  const uint16_t port = (*listener)->port();
  (*listener)->stop();
  CHECK_FALSE(BlockingSocket::connect("127.0.0.1", port, kPatienceMs).ok());
}

// UBSan opens a pipe to look at an object it has not met, and takes having none for a wrong type.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitizerNeedsDescriptors = true;
#else
constexpr bool kSanitizerNeedsDescriptors = false;
#endif

TEST_CASE("running out of descriptors pauses accepting until some are free" *
          doctest::skip(kSanitizerNeedsDescriptors)) {
  IoThreads threads(1);
  std::atomic<int> accepted = 0;
  auto listener =
      Listener::open(threads, {"127.0.0.1", 0}, [&](std::unique_ptr<Stream>) { ++accepted; });
  REQUIRE(listener.ok());
  testing::run_on(threads.at(0), [] {});

  auto has_paused = [] {
    return metrics::exposition_text().find("\nweir_net_accept_pauses_total 0\n") ==
           std::string::npos;
  };
  CHECK_FALSE(has_paused());

  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit low = before;
  low.rlim_cur = std::min<rlim_t>(before.rlim_cur, 256);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  // Leaves one descriptor: the client's own.
  std::vector<int> filler;
  for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) filler.push_back(fd);
  ::close(filler.back());
  filler.pop_back();
  auto client = BlockingSocket::connect("127.0.0.1", (*listener)->port(), kPatienceMs);
  const bool paused = eventually(has_paused);
  for (int fd : filler) ::close(fd);
  ::setrlimit(RLIMIT_NOFILE, &before);
  REQUIRE(client.ok());
  CHECK(paused);
  CHECK(eventually([&] { return accepted == 1; }));
}

TEST_CASE("dial connects, and says why when it cannot") {
  IoThreads threads(2);
  auto listener = Listener::open(threads, {"127.0.0.1", 0}, [](std::unique_ptr<Stream> stream) {
    stream->write("welcome");
    stream->close_gracefully();
  });
  REQUIRE(listener.ok());

  struct Reader : StreamReader {
    std::unique_ptr<Stream> stream;
    std::string received;
    Awaited<bool> ended;
    void on_bytes(std::string_view bytes) override { received += bytes; }
    void on_end(Result<void> how) override { ended.set(how.ok()); }
  } reader;
  dial(threads.at(1), "localhost", (*listener)->port(), kPatienceMs,
       [&](Result<std::unique_ptr<Stream>> stream) {
         CHECK(threads.at(1).is_this_thread());
         REQUIRE(stream.ok());
         reader.stream = std::move(*stream);
         reader.stream->start(reader);
       });
  REQUIRE(reader.ended.wait());
  CHECK(reader.received == "welcome");

  const uint16_t port = (*listener)->port();
  listener->reset();
  Awaited<std::string> refused;
  dial(threads.at(0), "127.0.0.1", port, kPatienceMs, [&](Result<std::unique_ptr<Stream>> stream) {
    refused.set(stream.ok() ? "" : stream.error().message);
  });
  REQUIRE(refused.wait());
  CHECK(refused.value() == "127.0.0.1:" + std::to_string(port) + ": connection refused");
  threads.stop();
}

TEST_CASE("dial gives up when its time is over") {
  // A listener whose queue is full and never accepted from: further handshakes get no answer.
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(::listen(fd, 0) == 0);
  socklen_t length = sizeof(address);
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  const uint16_t port = ntohs(address.sin_port);
  auto first = BlockingSocket::connect("127.0.0.1", port, kPatienceMs);
  REQUIRE(first.ok());

  IoThreads threads(1);
  Awaited<std::string> reason;
  dial(threads.at(0), "127.0.0.1", port, 50, [&](Result<std::unique_ptr<Stream>> stream) {
    reason.set(stream.ok() ? "" : stream.error().message);
  });
  REQUIRE(reason.wait());
  CHECK(reason.value() == "127.0.0.1:" + std::to_string(port) + ": timed out");
  ::close(fd);
}

namespace {

struct SocketFile {
  SocketFile() {
    char name[] = "/tmp/weir-listener-XXXXXX";
    directory = ::mkdtemp(name);
    path = directory + "/mqtt.sock";
  }
  ~SocketFile() { std::filesystem::remove_all(directory); }
  ListenAddress address() const { return {{}, 0, path}; }
  // A connected descriptor, or -1.
  int connect() const {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, path.data(), path.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) return fd;
    ::close(fd);
    return -1;
  }
  std::string directory, path;
};

}  // namespace

TEST_CASE("a unix socket carries bytes; its peers count as being on this machine") {
  SocketFile file;
  IoThreads threads(1);
  Awaited<Peer> peer;
  std::unique_ptr<Stream> kept;
  auto listener = Listener::open(threads, file.address(), [&](std::unique_ptr<Stream> stream) {
    stream->write("welcome");
    peer.set(stream->peer());
    kept = std::move(stream);
  });
  REQUIRE_MESSAGE(listener.ok(), listener.error().message);
  CHECK((*listener)->address() == "unix:" + file.path);
  CHECK(std::filesystem::status(file.path).permissions() == std::filesystem::perms(0660));
  const int fd = file.connect();
  REQUIRE(fd >= 0);
  char bytes[7];
  CHECK(::recv(fd, bytes, sizeof(bytes), MSG_WAITALL) == sizeof(bytes));
  ::close(fd);
  REQUIRE(peer.wait());
  CHECK(peer.value().text() == "unix:" + file.path);
  CHECK(peer.value().is_loopback);
  (*listener)->stop();
  CHECK_FALSE(std::filesystem::exists(file.path));
  threads.stop();
}

TEST_CASE("a socket's file is replaced when nobody listens on it, and only then") {
  SocketFile file;
  IoThreads threads(1);
  auto ignore = [](std::unique_ptr<Stream>) {};
  {
    // Bound and left behind, as by a process that was killed.
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, file.path.data(), file.path.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0);
    ::close(fd);
  }
  auto first = Listener::open(threads, file.address(), ignore);
  REQUIRE_MESSAGE(first.ok(), first.error().message);
  auto second = Listener::open(threads, file.address(), ignore);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == Errc::conflict);
  CHECK(second.error().message == "unix:" + file.path + ": another process listens there");
  CHECK(std::filesystem::exists(file.path));

  SocketFile other;
  std::ofstream(other.path) << "precious";
  auto third = Listener::open(threads, other.address(), ignore);
  REQUIRE_FALSE(third.ok());
  CHECK(third.error().message.find("is no socket") != std::string::npos);
  CHECK(std::filesystem::file_size(other.path) == 8);
  auto fourth = Listener::open(threads, {{}, 0, "/" + std::string(108, 'x')}, ignore);
  CHECK_FALSE(fourth.ok());
}

}  // namespace weir::net
