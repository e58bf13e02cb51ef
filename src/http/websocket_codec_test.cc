#include "http/websocket_codec.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <random>

namespace weir::http {
namespace {

constexpr uint32_t kMask = 0x37fa213d;

// Writes events as text: "text(Hello) ping(x) close(1000,bye)".
struct Log final : WebSocketEventSink {
  std::string text;
  bool goes_on = true;
  bool on_message(std::string_view message, bool is_text) override {
    add(is_text ? "text" : "binary", message);
    return goes_on;
  }
  bool on_ping(std::string_view payload) override { return add("ping", payload), goes_on; }
  bool on_pong(std::string_view payload) override { return add("pong", payload), goes_on; }
  void on_close(uint16_t code, std::string_view reason) override {
    add("close", fmt::format("{},{}", code, reason));
  }
  void add(std::string_view kind, std::string_view payload) {
    text += fmt::format("{}{}({})", text.empty() ? "" : " ", kind, payload);
  }
};

struct Outcome {
  std::string events;
  uint16_t failure = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(std::string_view bytes, size_t piece = SIZE_MAX, size_t message_max = 1 << 20) {
  WebSocketDecoder decoder(WebSocketDecoder::Role::server, message_max);
  Log log;
  for (size_t at = 0; at < bytes.size(); at += std::min(piece, bytes.size() - at))
    decoder.feed(bytes.substr(at, piece), log);
  return {log.text, decoder.failure() ? decoder.failure()->code : uint16_t{0}};
}

std::string frame(Opcode opcode, std::string_view payload, bool is_final = true) {
  std::string out;
  append_frame(out, opcode, payload, kMask);
  if (!is_final) out[0] = static_cast<char>(out[0] & 0x7f);
  return out;
}

std::string close_frame(std::string_view payload) { return frame(Opcode::close, payload); }

}  // namespace

TEST_CASE("the examples of RFC 6455 section 5.7") {
  std::string hello;
  append_frame(hello, Opcode::text, "Hello");
  CHECK(hello == "\x81\x05Hello");
  using namespace std::string_literals;
  CHECK(frame(Opcode::text, "Hello") == "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s);
  CHECK(decode("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s).events == "text(Hello)");
  std::string large;
  append_frame(large, Opcode::binary, std::string(256, 'x'));
  CHECK(large.substr(0, 4) == "\x82\x7e\x01\x00"s);
  large.clear();
  append_frame(large, Opcode::binary, std::string(65536, 'x'));
  CHECK(large.substr(0, 10) == "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);

  WebSocketDecoder client(WebSocketDecoder::Role::client, 1000);
  Log log;
  client.feed("\x01\x03Hel\x80\x02lo\x89\x05Hello"s, log);
  CHECK(log.text == "text(Hello) ping(Hello)");
}

TEST_CASE("frames decode the same whatever the pieces they arrive in") {
  std::string bytes;
  for (size_t size : {0u, 1u, 7u, 8u, 125u, 126u, 65535u, 65536u})
    bytes += frame(size % 2 == 0 ? Opcode::text : Opcode::binary, std::string(size, 'm'));
  bytes += frame(Opcode::text, "one ", false) + frame(Opcode::ping, "in between") +
           frame(Opcode::continuation, "two ", false) + frame(Opcode::continuation, "three") +
           frame(Opcode::pong, "") +
           close_frame(
               "\x03\xe8"
               "bye");
  const Outcome whole = decode(bytes);
  CHECK(whole.failure == 0);
  CHECK(whole.events.ends_with(" ping(in between) text(one two three) pong() close(1000,bye)"));
  for (size_t piece : {1u, 2u, 3u, 13u, 1000u}) CHECK(decode(bytes, piece) == whole);
}

TEST_CASE("what a peer may not send, and the code that says so") {
  using namespace std::string_literals;
  struct Case {
    std::string_view what;
    std::string bytes;
    uint16_t code;
  };
  const Case cases[] = {
      {"unmasked", "\x81\x05Hello"s, 1002},
      {"reserved bit", "\xc1\x80\x01\x02\x03\x04"s, 1002},
      {"unknown opcode", "\x83\x80\x01\x02\x03\x04"s, 1002},
      {"unknown control opcode", "\x8b\x80\x01\x02\x03\x04"s, 1002},
      {"fragmented ping", frame(Opcode::ping, "x", false), 1002},
      {"long ping", frame(Opcode::ping, std::string(126, 'x')), 1002},
      {"continuation of nothing", frame(Opcode::continuation, "x"), 1002},
      {"message within a message", frame(Opcode::text, "a", false) + frame(Opcode::text, "b"),
       1002},
      {"16-bit length that fits 7", "\x82\xfe\x00\x7d\x00\x00\x00\x00"s, 1002},
      {"64-bit length that fits 16", "\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00\x00"s,
       1002},
      {"64-bit length with the top bit",
       "\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"s, 1002},
      {"text that is not UTF-8", frame(Opcode::text, "\xc0\x80"), 1007},
      {"text cut in a character", frame(Opcode::text, "\xe2\x82"), 1007},
      {"close of one byte", close_frame("\x03"), 1002},
      {"close code 1005", close_frame("\x03\xed"), 1002},
      {"close code 999", close_frame("\x03\xe7"), 1002},
      {"close code 5000", close_frame("\x13\x88"), 1002},
      {"close reason not UTF-8", close_frame("\x03\xe8\xff"), 1007},
  };
  for (const Case& c : cases) CHECK_MESSAGE(decode(c.bytes) == (Outcome{"", c.code}), c.what);
}

TEST_CASE("characters split between fragments are whole in the message") {
  const std::string text = "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x9a\x80";
  for (size_t at = 0; at <= text.size(); ++at)
    CHECK(decode(frame(Opcode::text, text.substr(0, at), false) +
                 frame(Opcode::continuation, text.substr(at)))
              .events == "text(" + text + ")");
}

TEST_CASE("the size limit counts all fragments of a message, to the byte") {
  const std::string half(50, 'x');
  const std::string both = frame(Opcode::binary, half, false) + frame(Opcode::continuation, half);
  CHECK(decode(both, SIZE_MAX, 100).events == "binary(" + half + half + ")");
  CHECK(decode(both, SIZE_MAX, 99) == Outcome{"", 1009});
  // Refused by its header, before the payload arrives.
  CHECK(decode(frame(Opcode::binary, half + half).substr(0, 8), SIZE_MAX, 99).failure == 1009);
  CHECK(decode(both + both, SIZE_MAX, 100).failure == 0);
}

TEST_CASE("nothing is decoded after a close, or when the receiver has enough") {
  CHECK(decode(close_frame("") + frame(Opcode::text, "late")).events == "close(1005,)");
  WebSocketDecoder decoder(WebSocketDecoder::Role::server, 1000);
  Log log;
  log.goes_on = false;
  decoder.feed(frame(Opcode::text, "first") + frame(Opcode::text, "second"), log);
  CHECK(log.text == "text(first)");
}

TEST_CASE("a long close reason is cut at a character") {
  std::string out;
  append_close_frame(out, 1011, std::string(122, 'x') + "\xe2\x82\xac");
  CHECK(out.size() == 2 + 2 + 122);
}

TEST_CASE("truncated and corrupted frames never do more than fail") {
  const std::string bytes = frame(Opcode::text, "one", false) + frame(Opcode::ping, "p") +
                            frame(Opcode::continuation, "two") + close_frame("\x03\xe8");
  const Outcome whole = decode(bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const Outcome cut = decode(bytes.substr(0, size));
    CHECK(cut.failure == 0);
    CHECK(whole.events.starts_with(cut.events));
  }
  for (size_t at = 0; at < bytes.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      CHECK(decode(flipped) == decode(flipped, 1));
    }
}

TEST_CASE("valid and invalid UTF-8") {
  for (std::string_view yes :
       {"", "plain ascii text", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
        "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "12345678\xc3\xbc"})
    CHECK(is_valid_utf8(yes));
  for (std::string_view no :
       {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "12345678\xc3"})
    CHECK_FALSE(is_valid_utf8(no));
}

TEST_CASE("binary messages in pieces arrive with the bytes that bring them, of any length") {
  struct Pieces final : WebSocketEventSink {
    std::vector<std::string> events;
    bool on_message(std::string_view message, bool is_text) override {
      events.push_back((is_text ? "text " : "") + std::string(message));
      return true;
    }
    bool on_ping(std::string_view payload) override {
      events.push_back("ping " + std::string(payload));
      return true;
    }
    bool on_pong(std::string_view) override { return true; }
    void on_close(uint16_t, std::string_view) override { events.emplace_back("close"); }
  } sink;
  WebSocketDecoder decoder(WebSocketDecoder::Role::server, 8);
  decoder.hand_binary_on_in_pieces();
  std::string bytes;
  append_frame(bytes, Opcode::binary, "0123456789abcdef", 0x01020304);
  decoder.feed(std::string_view(bytes).substr(0, 10), sink);  // 6 of it are the header
  decoder.feed(std::string_view(bytes).substr(10), sink);
  CHECK(sink.events == std::vector<std::string>{"0123", "456789abcdef"});
  sink.events.clear();
  bytes.clear();
  append_frame(bytes, Opcode::binary, "xy", 0x01020304);
  bytes[0] = 0x02;  // a fragment; a ping may come between
  append_frame(bytes, Opcode::ping, "p", 0x01020304);
  append_frame(bytes, Opcode::continuation, "z", 0x01020304);
  append_frame(bytes, Opcode::text, "whole", 0x01020304);
  decoder.feed(bytes, sink);
  CHECK(sink.events == std::vector<std::string>{"xy", "ping p", "z", "text whole"});
  bytes.clear();
  append_frame(bytes, Opcode::text, "too long.", 0x01020304);
  decoder.feed(bytes, sink);
  REQUIRE(decoder.failure().has_value());
  CHECK(decoder.failure()->code == close_code::kMessageTooBig);
}

}  // namespace weir::http
