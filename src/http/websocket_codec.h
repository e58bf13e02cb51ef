// WebSocket framing (RFC 6455 §5) as pure functions and a state machine: bytes in, events out.
//
// The decoder joins fragments into whole messages and checks what the standard tells a receiver to
// check: masking, reserved bits, opcodes, fragmentation order, lengths, UTF-8 of text, close codes.
// The first violation ends it; failure() has the close code to answer with. No I/O, no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::http {

enum class Opcode : uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

// RFC 6455 §7.4.1.
namespace close_code {
inline constexpr uint16_t kNormal = 1000;
inline constexpr uint16_t kGoingAway = 1001;
inline constexpr uint16_t kProtocolError = 1002;
inline constexpr uint16_t kUnsupportedData = 1003;
inline constexpr uint16_t kNoneGiven = 1005;  // never on the wire
inline constexpr uint16_t kInvalidPayload = 1007;
inline constexpr uint16_t kMessageTooBig = 1009;
}  // namespace close_code

// A control frame's payload is no longer (§5.5).
inline constexpr size_t kControlPayloadMax = 125;

// A client masks what it sends, a server does not (§5.3).
void append_frame(std::string& out, Opcode opcode, std::string_view payload,
                  std::optional<uint32_t> mask = {});
// The reason is cut to what a control frame holds.
void append_close_frame(std::string& out, uint16_t code, std::string_view reason,
                        std::optional<uint32_t> mask = {});
bool is_valid_utf8(std::string_view text);

class WebSocketEventSink {
 public:
  virtual ~WebSocketEventSink() = default;
  // Views are valid during the call. Each may return false: nothing further is decoded.
  virtual bool on_message(std::string_view message, bool is_text) = 0;
  virtual bool on_ping(std::string_view payload) = 0;
  virtual bool on_pong(std::string_view payload) = 0;
  // The peer closes; the code is kNoneGiven if it gave none. The last event.
  virtual void on_close(uint16_t code, std::string_view reason) = 0;
};

class WebSocketDecoder {
 public:
  enum class Role { server, client };  // of the receiver
  WebSocketDecoder(Role role, size_t message_bytes_max);

  // Binary messages are handed on as they arrive, in pieces, and may be of any length: for those to
  // whom their boundaries mean nothing. Before the first feed().
  void hand_binary_on_in_pieces() { in_pieces_ = true; }

  void feed(std::string_view bytes, WebSocketEventSink& sink);
  struct Failure {
    uint16_t code;
    std::string_view reason;  // static text
  };
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  bool read_header(std::string_view& bytes);
  bool begin_frame();
  bool is_in_pieces() const { return in_pieces_ && message_opcode_ == Opcode::binary; }
  bool hand_on_piece(WebSocketEventSink& sink);
  bool end_frame(WebSocketEventSink& sink);
  bool end_control_frame(WebSocketEventSink& sink);
  bool end_close_frame(WebSocketEventSink& sink);
  bool fail(uint16_t code, std::string_view reason);

  const Role role_;
  const size_t message_bytes_max_;
  bool in_pieces_ = false;
  std::string header_;  // of the frame at hand, as far as it has arrived
  bool in_payload_ = false;
  // Of the frame at hand.
  bool is_final_ = false;
  Opcode opcode_ = Opcode::continuation;
  uint8_t mask_[4] = {};
  uint64_t payload_left_ = 0;
  uint64_t payload_done_ = 0;

  std::string message_;                   // unmasked, all fragments so far
  std::string control_;                   // unmasked payload of a control frame
  std::optional<Opcode> message_opcode_;  // of the message begun
  bool is_over_ = false;
  std::optional<Failure> failure_;
};

}  // namespace weir::http
