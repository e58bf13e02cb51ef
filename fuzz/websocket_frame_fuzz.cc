// WebSocket frames as a server reads them: the events must not depend on how the bytes were cut,
// and a message written again reads the same.
#include <cstdlib>

#include "http/websocket_codec.h"

namespace {

using namespace weir::http;

constexpr size_t kMessageBytesMax = 5000;
constexpr uint32_t kMask = 0x89abcdef;

// Events as text, and each message as a frame of its own.
struct Log final : WebSocketEventSink {
  std::string events, frames;
  void add(std::string_view kind, std::string_view payload) {
    events.append(kind).append(std::to_string(payload.size())).append(payload);
  }
  bool on_message(std::string_view message, bool is_text) override {
    add(is_text ? "text" : "binary", message);
    append_frame(frames, is_text ? Opcode::text : Opcode::binary, message, kMask);
    return true;
  }
  bool on_ping(std::string_view payload) override {
    add("ping", payload);
    append_frame(frames, Opcode::ping, payload, kMask);
    return true;
  }
  bool on_pong(std::string_view payload) override {
    add("pong", payload);
    append_frame(frames, Opcode::pong, payload, kMask);
    return true;
  }
  void on_close(uint16_t code, std::string_view reason) override {
    add("close" + std::to_string(code), reason);
    append_close_frame(frames, code, reason, kMask);
  }
};

Log decode(std::string_view bytes, size_t piece, uint16_t& failure) {
  WebSocketDecoder decoder(WebSocketDecoder::Role::server, kMessageBytesMax);
  Log log;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    decoder.feed(bytes.substr(0, piece), log);
  failure = decoder.failure() ? decoder.failure()->code : uint16_t{0};
  return log;
}

// The bytes of binary messages, as those get them who take them in pieces.
std::string decode_in_pieces(std::string_view bytes, size_t piece) {
  struct Bytes final : WebSocketEventSink {
    std::string binary;
    bool on_message(std::string_view message, bool is_text) override {
      if (!is_text) binary.append(message);
      return true;
    }
    bool on_ping(std::string_view) override { return true; }
    bool on_pong(std::string_view) override { return true; }
    void on_close(uint16_t, std::string_view) override {}
  } sink;
  WebSocketDecoder decoder(WebSocketDecoder::Role::server, kMessageBytesMax);
  decoder.hand_binary_on_in_pieces();
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    decoder.feed(bytes.substr(0, piece), sink);
  return sink.binary;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  uint16_t failure = 0, other = 0;
  const Log whole = decode(bytes, SIZE_MAX, failure);
  for (size_t piece : {1u, 7u})
    if (decode(bytes, piece, other).events != whole.events || other != failure) std::abort();
  if (decode(whole.frames, SIZE_MAX, other).events != whole.events || other != 0) std::abort();
  if (decode_in_pieces(bytes, SIZE_MAX) != decode_in_pieces(bytes, 3)) std::abort();
  return 0;
}
