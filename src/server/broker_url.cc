#include "server/broker_url.h"

#include <fmt/core.h>

#include "server/units.h"

namespace weir::server {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// %XX undone; a lone % stands for itself.
std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool read_scheme(std::string_view scheme, BrokerUrl& out) {
  out.tls = scheme == "mqtts" || scheme == "ssl" || scheme == "tls" || scheme == "wss";
  out.websocket = scheme == "ws" || scheme == "wss";
  return out.tls || out.websocket || scheme == "mqtt" || scheme == "tcp";
}

}  // namespace

std::string BrokerUrl::host_and_port() const {
  return host.find(':') == host.npos ? fmt::format("{}:{}", host, port)
                                     : fmt::format("[{}]:{}", host, port);
}

std::string BrokerUrl::shown() const {
  std::string_view scheme = websocket ? (tls ? "wss" : "ws") : (tls ? "mqtts" : "mqtt");
  return fmt::format("{}://{}{}", scheme, host_and_port(), path);
}

Result<BrokerUrl> parse_broker_url(std::string_view text) {
  // What was given may hold a password: it is not repeated.
  Error wrong{Errc::invalid,
              "wanted mqtt://[user:password@]host[:port], or mqtts://, ws:// or wss://"};
  BrokerUrl url;
  std::string_view rest = text;
  std::string_view scheme = "mqtt";
  if (size_t end = rest.find("://"); end != rest.npos) {
    scheme = rest.substr(0, end);
    rest.remove_prefix(end + 3);
  }
  if (!read_scheme(scheme, url)) return wrong;
  if (size_t slash = rest.find('/', rest.rfind('@') == rest.npos ? 0 : rest.rfind('@'));
      slash != rest.npos) {
    url.path = rest.substr(slash);
    rest = rest.substr(0, slash);
  }
  if (!url.websocket && url.path.size() > 1) return wrong;
  if (!url.websocket) url.path.clear();
  if (url.websocket && url.path.size() <= 1) url.path = "/mqtt";
  if (url.path.find_first_of(" \r\n") != url.path.npos) return wrong;
  if (size_t at = rest.rfind('@'); at != rest.npos) {
    std::string_view account = rest.substr(0, at);
    size_t colon = account.find(':');
    url.user = unescaped(account.substr(0, colon));
    if (colon != account.npos) url.password = unescaped(account.substr(colon + 1));
    rest.remove_prefix(at + 1);
  }
  url.port = url.websocket ? (url.tls ? 443 : 80) : (url.tls ? 8883 : 1883);
  size_t colon = rest.rfind(':');
  if (colon != rest.npos && rest.find(']', colon) == rest.npos) {
    auto port = parse_whole_number(rest.substr(colon + 1), 1, 65535);
    if (!port.ok()) return wrong;
    url.port = static_cast<uint16_t>(*port);
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  if (rest.empty() || rest.find_first_of(" \r\n/?#") != rest.npos) return wrong;
  url.host = rest;
  return url;
}

}  // namespace weir::server
