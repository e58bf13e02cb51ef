#include "net/proxy_protocol.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/bytes.h"
#include "net/tcp_stream.h"

namespace weir::net {
namespace {

constexpr std::string_view kText = "PROXY ";
constexpr size_t kTextBytesMax = 107;  // with its line end
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kFixedBytes = 16;

// Version 2, the lower half of byte 13: what kind of connection.
constexpr uint8_t kLocal = 0, kProxied = 1;
// Byte 14: address family and transport, and how long their addresses are.
constexpr uint8_t kUnspecified = 0x00, kTcp4 = 0x11, kTcp6 = 0x21, kUnixStream = 0x31;
constexpr size_t kUnixPathBytes = 108;
// What may follow the addresses: a type, a length, a value.
constexpr uint8_t kTypeTls = 0x20, kTypeTlsCommonName = 0x22;
constexpr uint8_t kShownInConnection = 0x02, kShownInSession = 0x04;

ProxyHeader malformed(std::string_view problem) {
  ProxyHeader header;
  header.status = ProxyHeader::Status::malformed;
  header.problem = problem;
  return header;
}

ProxyHeader incomplete(size_t size_bytes) {
  ProxyHeader header;
  header.size_bytes = size_bytes;
  return header;
}

Peer untold(const Peer& connected) {
  Peer peer = connected;
  peer.is_loopback = false;
  return peer;
}

Peer tcp4_peer(std::string_view address, uint16_t port) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  v4->sin_family = AF_INET;
  std::memcpy(&v4->sin_addr, address.data(), sizeof(v4->sin_addr));
  v4->sin_port = htons(port);
  return peer_of(storage);
}

Peer tcp6_peer(std::string_view address, uint16_t port) {
  sockaddr_storage storage{};
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  v6->sin6_family = AF_INET6;
  std::memcpy(&v6->sin6_addr, address.data(), sizeof(v6->sin6_addr));
  v6->sin6_port = htons(port);
  return peer_of(storage);
}

bool read_port(std::string_view text, uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

// "TCP4 192.0.2.1 192.0.2.2 50000 1883" behind "PROXY ", without its line end.
ProxyHeader parse_text_line(std::string_view line, const Peer& connected) {
  ProxyHeader header;
  header.status = ProxyHeader::Status::complete;
  auto next = [&line] {
    const size_t space = line.find(' ');
    const std::string_view word = line.substr(0, space);
    line = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    return word;
  };
  const std::string_view family = next();
  if (family == "UNKNOWN") {
    header.peer = untold(connected);
    return header;
  }
  if (family != "TCP4" && family != "TCP6") return malformed("an unknown family of addresses");
  const std::string source(next()), destination(next());
  uint16_t source_port = 0, destination_port = 0;
  if (!read_port(next(), source_port) || !read_port(next(), destination_port) || !line.empty())
    return malformed("ports that are none");
  const int kind = family == "TCP4" ? AF_INET : AF_INET6;
  char address[16] = {}, ignored[16] = {};
  if (::inet_pton(kind, source.c_str(), address) != 1 ||
      ::inet_pton(kind, destination.c_str(), ignored) != 1)
    return malformed("addresses that are none");
  header.peer = kind == AF_INET ? tcp4_peer({address, 4}, source_port)
                                : tcp6_peer({address, 16}, source_port);
  return header;
}

ProxyHeader parse_text(std::string_view bytes, const Peer& connected) {
  const std::string_view looked_at = bytes.substr(0, kTextBytesMax);
  const size_t end = looked_at.find('\n');
  if (end == std::string_view::npos) {
    if (looked_at.size() == kTextBytesMax) return malformed("a line that does not end");
    return incomplete(bytes.size());
  }
  if (looked_at[end - 1] != '\r') return malformed("a line that does not end with CR LF");
  ProxyHeader header =
      parse_text_line(looked_at.substr(kText.size(), end - 1 - kText.size()), connected);
  header.size_bytes = end + 1;
  return header;
}

// The name in the client's certificate, if the proxy saw it proved and found it valid.
void read_tls_extension(std::string_view value, Peer& peer) {
  ByteReader reader(value);
  const uint8_t shown = reader.u8();
  const auto verify_result = reader.be<uint32_t>();
  if (!reader.ok() || verify_result != 0 || (shown & (kShownInConnection | kShownInSession)) == 0)
    return;
  while (!reader.at_end()) {
    const uint8_t type = reader.u8();
    const std::string_view text = reader.bytes(reader.be<uint16_t>());
    if (!reader.ok()) return;
    if (type == kTypeTlsCommonName && text.find('\0') == std::string_view::npos)
      peer.certificate_name = text;
  }
}

bool read_addresses(uint8_t family, ByteReader& reader, const Peer& connected, Peer& peer) {
  if (family == kTcp4) {
    const std::string_view source = reader.bytes(4);
    reader.bytes(4);
    const auto port = reader.be<uint16_t>();
    reader.be<uint16_t>();
    if (reader.ok()) peer = tcp4_peer(source, port);
  } else if (family == kTcp6) {
    const std::string_view source = reader.bytes(16);
    reader.bytes(16);
    const auto port = reader.be<uint16_t>();
    reader.be<uint16_t>();
    if (reader.ok()) peer = tcp6_peer(source, port);
  } else if (family == kUnixStream) {
    const std::string_view source = reader.bytes(kUnixPathBytes);
    reader.bytes(kUnixPathBytes);
    peer.address = "unix:" + std::string(source.substr(0, source.find('\0')));
  } else {
    peer = untold(connected);
  }
  return reader.ok();
}

ProxyHeader parse_binary(std::string_view bytes, const Peer& connected) {
  if (bytes.size() < kFixedBytes) return incomplete(bytes.size());
  ByteReader fixed(bytes.substr(kSignature.size()));
  const uint8_t version_and_command = fixed.u8();
  const uint8_t family = fixed.u8();
  const size_t size_bytes = kFixedBytes + fixed.be<uint16_t>();
  if (version_and_command >> 4 != 2) return malformed("an unknown version");
  const uint8_t command = version_and_command & 0xf;
  if (command != kLocal && command != kProxied) return malformed("an unknown command");
  if (family != kUnspecified && family != kTcp4 && family != kTcp6 && family != kUnixStream)
    return malformed("an unknown family of addresses");
  if (size_bytes > kProxyHeaderBytesMax) return malformed("a header of more than 16 KiB");
  if (bytes.size() < size_bytes) return incomplete(bytes.size());

  ProxyHeader header;
  header.status = ProxyHeader::Status::complete;
  header.size_bytes = size_bytes;
  if (command == kLocal) {
    header.peer = connected;
    return header;
  }
  ByteReader reader(bytes.substr(kFixedBytes, size_bytes - kFixedBytes));
  if (!read_addresses(family, reader, connected, header.peer))
    return malformed("addresses that are cut short");
  while (!reader.at_end()) {
    const uint8_t type = reader.u8();
    const std::string_view value = reader.bytes(reader.be<uint16_t>());
    if (!reader.ok()) return malformed("an extension that is cut short");
    if (type == kTypeTls) read_tls_extension(value, header.peer);
  }
  return header;
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes, const Peer& connected) {
  if (bytes.empty()) return {};
  const std::string_view start = bytes[0] == kText[0] ? kText : kSignature;
  const size_t common = std::min(start.size(), bytes.size());
  if (bytes.substr(0, common) != start.substr(0, common)) return malformed("no PROXY header");
  if (bytes.size() < start.size()) return incomplete(bytes.size());
  return start == kText ? parse_text(bytes, connected) : parse_binary(bytes, connected);
}

}  // namespace weir::net
