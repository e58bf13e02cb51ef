#include "net/proxy_protocol.h"

#include <doctest/doctest.h>

#include "base/bytes.h"
#include "net/blocking_socket.h"
#include "net/listener.h"
#include "net/test_support.h"

namespace weir::net {
namespace {

using testing::Awaited;
using testing::kPatienceMs;
using Status = ProxyHeader::Status;

const Peer kProxy{"127.0.0.1", 40000, true, {}};

std::string binary(uint8_t command, uint8_t family, std::string_view rest) {
  std::string bytes("\r\n\r\n\0\r\nQUIT\n", 12);
  ByteWriter writer(bytes);
  writer.u8(static_cast<uint8_t>(0x20 | command));
  writer.u8(family);
  writer.be(static_cast<uint16_t>(rest.size()));
  writer.bytes(rest);
  return bytes;
}

std::string extension(uint8_t type, std::string_view value) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.u8(type);
  writer.be(static_cast<uint16_t>(value.size()));
  writer.bytes(value);
  return bytes;
}

// 192.0.2.7:50000 -> 192.0.2.1:1883
const std::string kTcp4("\xc0\x00\x02\x07\xc0\x00\x02\x01\xc3\x50\x07\x5b", 12);

std::string tls_extension(uint8_t shown, uint32_t verify_result, std::string_view name) {
  std::string value;
  ByteWriter writer(value);
  writer.u8(shown);
  writer.be(verify_result);
  writer.bytes(extension(0x21, "TLSv1.3"));
  writer.bytes(extension(0x22, name));
  return extension(0x20, value);
}

std::string told(std::string_view bytes) {
  ProxyHeader header = parse_proxy_header(bytes, kProxy);
  if (header.status == Status::incomplete) return "incomplete";
  if (header.status == Status::malformed) return std::string(header.problem);
  return header.peer.text() + (header.peer.is_loopback ? " here" : "") +
         (header.peer.certificate_name.empty() ? "" : " as " + header.peer.certificate_name);
}

}  // namespace

TEST_CASE("version 1 tells the client's address in a line of text") {
  CHECK(told("PROXY TCP4 192.0.2.7 192.0.2.1 50000 1883\r\n") == "192.0.2.7:50000");
  CHECK(told("PROXY TCP4 127.0.0.1 127.0.0.1 50000 1883\r\nbytes") == "127.0.0.1:50000 here");
  CHECK(told("PROXY TCP6 2001:db8::7 ::1 50000 1883\r\n") == "[2001:db8::7]:50000");
  CHECK(told("PROXY UNKNOWN\r\n") == "127.0.0.1:40000");
  CHECK(told("PROXY UNKNOWN ffff::1 ffff::1 65535 65535\r\n") == "127.0.0.1:40000");
}

TEST_CASE("version 2 tells the address, and who the certificate names if it was verified") {
  CHECK(told(binary(1, 0x11, kTcp4)) == "192.0.2.7:50000");
  CHECK(told(binary(1, 0x11, kTcp4 + extension(0x02, "example.org"))) == "192.0.2.7:50000");
  CHECK(told(binary(1, 0x11, kTcp4 + tls_extension(0x07, 0, "sensor 1"))) ==
        "192.0.2.7:50000 as sensor 1");
  CHECK(told(binary(1, 0x11, kTcp4 + tls_extension(0x07, 1, "sensor 1"))) == "192.0.2.7:50000");
  CHECK(told(binary(1, 0x11, kTcp4 + tls_extension(0x01, 0, "sensor 1"))) == "192.0.2.7:50000");
  std::string v6(36, '\0');
  v6[0] = 0x20, v6[1] = 0x01, v6[15] = 0x07, v6[32] = 0x10;
  CHECK(told(binary(1, 0x21, v6)) == "[2001::7]:4096");
  std::string unix_paths(216, '\0');
  unix_paths.replace(0, 8, "/run/one");
  CHECK(told(binary(1, 0x31, unix_paths)) == "unix:/run/one");
}

TEST_CASE("a proxy that speaks for itself is itself; one that does not tell is not local") {
  CHECK(told(binary(0, 0x00, "")) == "127.0.0.1:40000 here");
  CHECK(told(binary(0, 0x11, kTcp4)) == "127.0.0.1:40000 here");
  CHECK(told(binary(1, 0x00, "")) == "127.0.0.1:40000");
}

TEST_CASE("what is no PROXY header is refused by its first bytes") {
  const std::string mqtt("\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00", 14);
  CHECK(told(mqtt) == "no PROXY header");
  CHECK(told("\x16\x03\x01") == "no PROXY header");
  CHECK(told("POST / HTTP/1.1\r\n") == "no PROXY header");
  CHECK(told("\r\n\r\nx") == "no PROXY header");
  CHECK(told("PROXY TCP5 192.0.2.7 192.0.2.1 1 2\r\n") == "an unknown family of addresses");
  CHECK(told("PROXY TCP4 192.0.2.777 192.0.2.1 1 2\r\n") == "addresses that are none");
  CHECK(told("PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n") == "addresses that are none");
  CHECK(told("PROXY TCP4 192.0.2.7 192.0.2.1 1 65536\r\n") == "ports that are none");
  CHECK(told("PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n") == "ports that are none");
  CHECK(told("PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n") == "ports that are none");
  CHECK(told("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\n") == "a line that does not end with CR LF");
  CHECK(told("PROXY " + std::string(101, 'x')) == "a line that does not end");
  CHECK(told("PROXY " + std::string(100, 'x')) == "incomplete");
  CHECK(told(binary(2, 0x11, kTcp4)) == "an unknown command");
  CHECK(told(binary(1, 0x12, kTcp4)) == "an unknown family of addresses");
  CHECK(told(binary(1, 0x21, kTcp4)) == "addresses that are cut short");
  CHECK(told(binary(1, 0x11, kTcp4 + "\x20")) == "an extension that is cut short");
  std::string version_3 = binary(1, 0x11, kTcp4);
  version_3[12] = 0x31;
  CHECK(told(version_3) == "an unknown version");
  const std::string most = kTcp4 + extension(0x04, std::string(16 * 1024 - 16 - 12 - 3, 'x'));
  CHECK(told(binary(1, 0x11, most)) == "192.0.2.7:50000");
  CHECK(told(binary(1, 0x11, most + "x")) == "a header of more than 16 KiB");
}

TEST_CASE("a header cut at any byte is incomplete, and all of its bytes are its own") {
  for (const std::string& whole :
       {std::string("PROXY TCP4 192.0.2.7 192.0.2.1 50000 1883\r\n"), binary(0, 0, ""),
        binary(1, 0x11, kTcp4 + tls_extension(0x07, 0, "sensor 1"))}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      ProxyHeader header = parse_proxy_header(whole.substr(0, size), kProxy);
      CHECK(header.status == Status::incomplete);
      CHECK(header.size_bytes == size);
    }
    ProxyHeader header = parse_proxy_header(whole + "more", kProxy);
    CHECK(header.status == Status::complete);
    CHECK(header.size_bytes == whole.size());
  }
}

TEST_CASE("a flipped byte never makes a header larger than its bytes") {
  const std::string whole = binary(1, 0x11, kTcp4 + tls_extension(0x07, 0, "sensor 1"));
  for (size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      ProxyHeader header = parse_proxy_header(flipped, kProxy);
      CHECK(header.size_bytes <= flipped.size());
    }
  }
}

namespace {

struct Reader final : StreamReader {
  std::unique_ptr<Stream> stream;
  std::string received;
  Awaited<std::string> peer_and_bytes;
  void on_bytes(std::string_view bytes) override {
    received += bytes;
    if (received.ends_with("end")) peer_and_bytes.set(stream->peer().text() + " " + received);
  }
  void on_end(Result<void>) override {}
};

struct Fixture {
  IoThreads threads{1};
  Reader reader;
  std::unique_ptr<Listener> listener;
  Fixture() {
    auto opened = Listener::open(threads, {"127.0.0.1", 0},
                                 [this](std::unique_ptr<Stream> stream) {
                                   reader.stream = std::move(stream);
                                   reader.stream->start(reader);
                                 },
                                 {.tls = nullptr, .proxy_protocol = true});
    REQUIRE(opened.ok());
    listener = std::move(*opened);
  }
  ~Fixture() { threads.stop(); }
  BlockingSocket connect() {
    auto socket = BlockingSocket::connect("127.0.0.1", listener->port(), kPatienceMs);
    REQUIRE(socket.ok());
    return std::move(*socket);
  }
};

}  // namespace

TEST_CASE("a stream begins behind the header, with the peer it tells, however it is cut") {
  const std::string header = "PROXY TCP4 192.0.2.7 192.0.2.1 50000 1883\r\n";
  for (size_t cut : {size_t(0), size_t(1), size_t(20), header.size(), header.size() + 1}) {
    Fixture f;
    BlockingSocket socket = f.connect();
    const std::string all = header + "the end";
    if (cut > 0) REQUIRE(socket.send_all(all.substr(0, cut), kPatienceMs).ok());
    testing::run_on(f.threads.at(0), [] {});
    REQUIRE(socket.send_all(all.substr(cut), kPatienceMs).ok());
    REQUIRE(f.reader.peer_and_bytes.wait());
    CHECK(f.reader.peer_and_bytes.value() == "192.0.2.7:50000 the end");
  }
}

TEST_CASE("a connection without a header, or that leaves before its end, is closed") {
  for (std::string_view bytes : {"\x10\x0c", "PROXY TCP4"}) {
    Fixture f;
    BlockingSocket socket = f.connect();
    REQUIRE(socket.send_all(bytes, kPatienceMs).ok());
    if (bytes[0] == 'P') socket.shutdown_send();
    std::string nothing;
    auto received = socket.receive(nothing, kPatienceMs);
    CHECK((!received.ok() || *received == 0));
    testing::run_on(f.threads.at(0), [&] { CHECK(f.reader.stream == nullptr); });
  }
}

}  // namespace weir::net
