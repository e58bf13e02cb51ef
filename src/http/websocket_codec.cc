#include "http/websocket_codec.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"

namespace weir::http {
namespace {

constexpr uint8_t kFinalBit = 0x80, kReservedBits = 0x70, kOpcodeBits = 0x0f, kMaskBit = 0x80;
// Payload lengths up to 125 stand in the second byte; these announce 16 and 64 bits more.
// A buffer beyond this is not kept for the next message: few messages are large, most idle.
constexpr size_t kKeptBufferBytes = 64 * 1024;
// Pieces come and go within a read, and their connections are many.
constexpr size_t kKeptPieceBytes = 1024;
constexpr uint8_t kLength16 = 126, kLength64 = 127;

// XORs `bytes`, which begin `offset` bytes into the payload, with the mask.
void apply_mask(char* bytes, size_t size, const uint8_t (&mask)[4], uint64_t offset) {
  uint8_t turned[8];
  for (size_t i = 0; i < 8; ++i) turned[i] = mask[(offset + i) % 4];
  uint64_t wide;
  std::memcpy(&wide, turned, sizeof(wide));
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes + i, sizeof(word));
    word ^= wide;
    std::memcpy(bytes + i, &word, sizeof(word));
  }
  for (; i < size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ turned[i % 8]);
}

bool is_control(Opcode opcode) { return (static_cast<uint8_t>(opcode) & 0x8) != 0; }

bool is_known(uint8_t opcode) { return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xa); }

// What a peer may send (§7.4): registered codes that are not for local use, and private ones.
bool is_sendable_close_code(uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace

void append_frame(std::string& out, Opcode opcode, std::string_view payload,
                  std::optional<uint32_t> mask) {
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(kFinalBit | static_cast<uint8_t>(opcode)));
  const uint8_t mask_bit = mask ? kMaskBit : 0;
  if (payload.size() < kLength16) {
    writer.u8(static_cast<uint8_t>(mask_bit | payload.size()));
  } else if (payload.size() <= 0xffff) {
    writer.u8(static_cast<uint8_t>(mask_bit | kLength16));
    writer.be(static_cast<uint16_t>(payload.size()));
  } else {
    writer.u8(static_cast<uint8_t>(mask_bit | kLength64));
    writer.be(static_cast<uint64_t>(payload.size()));
  }
  if (mask) writer.be(*mask);
  const size_t payload_at = out.size();
  writer.bytes(payload);
  if (mask) {
    const uint8_t key[4] = {static_cast<uint8_t>(*mask >> 24), static_cast<uint8_t>(*mask >> 16),
                            static_cast<uint8_t>(*mask >> 8), static_cast<uint8_t>(*mask)};
    apply_mask(out.data() + payload_at, payload.size(), key, 0);
  }
}

void append_close_frame(std::string& out, uint16_t code, std::string_view reason,
                        std::optional<uint32_t> mask) {
  std::string payload;
  if (code != close_code::kNoneGiven) {
    ByteWriter writer(payload);
    writer.be(code);
    reason = reason.substr(0, kControlPayloadMax - sizeof(code));
    while (!is_valid_utf8(reason)) reason.remove_suffix(1);  // cut within a character
    writer.bytes(reason);
  }
  append_frame(out, Opcode::close, payload, mask);
}

// Unicode 3.9, table 3-7: no overlong forms, no surrogates, nothing past U+10FFFF.
bool is_valid_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = at + text.size();
  while (at < end) {
    if (end - at >= 8) {
      uint64_t word;
      std::memcpy(&word, at, sizeof(word));
      if ((word & 0x8080808080808080u) == 0) {
        at += 8;
        continue;
      }
    }
    const uint8_t lead = *at++;
    if (lead < 0x80) continue;
    int more = 0;
    uint8_t low = 0x80, high = 0xbf;  // of the second byte
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    for (; more > 0; --more, low = 0x80, high = 0xbf) {
      if (at == end || *at < low || *at > high) return false;
      ++at;
    }
  }
  return true;
}

WebSocketDecoder::WebSocketDecoder(Role role, size_t message_bytes_max)
    : role_(role), message_bytes_max_(message_bytes_max) {}

bool WebSocketDecoder::fail(uint16_t code, std::string_view reason) {
  failure_ = Failure{code, reason};
  return false;
}

void WebSocketDecoder::feed(std::string_view bytes, WebSocketEventSink& sink) {
  while (!is_over_ && !failure_) {
    if (!in_payload_) {
      if (!read_header(bytes)) return;
    }
    std::string& target = is_control(opcode_) ? control_ : message_;
    const size_t taken = static_cast<size_t>(std::min<uint64_t>(payload_left_, bytes.size()));
    if (taken > 0) {
      const size_t at = target.size();
      target.append(bytes.substr(0, taken));
      if (role_ == Role::server) apply_mask(target.data() + at, taken, mask_, payload_done_);
      bytes.remove_prefix(taken);
      payload_left_ -= taken;
      payload_done_ += taken;
    }
    if (!is_control(opcode_) && is_in_pieces() && !hand_on_piece(sink)) is_over_ = true;
    if (payload_left_ > 0 || is_over_) return;
    in_payload_ = false;
    if (!end_frame(sink)) is_over_ = true;
  }
}

// Takes the header's bytes; true once it is whole and the frame is allowed.
bool WebSocketDecoder::read_header(std::string_view& bytes) {
  auto take_up_to = [&](size_t size) {
    const size_t taken = std::min(size - std::min(size, header_.size()), bytes.size());
    header_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    return header_.size() >= size;
  };
  if (!take_up_to(2)) return false;
  const auto first = static_cast<uint8_t>(header_[0]), second = static_cast<uint8_t>(header_[1]);
  const auto short_length = static_cast<uint8_t>(second & ~kMaskBit);
  const size_t length_bytes = short_length == kLength16 ? 2 : short_length == kLength64 ? 8 : 0;
  const bool is_masked = (second & kMaskBit) != 0;
  if ((first & kReservedBits) != 0)
    return fail(close_code::kProtocolError, "reserved bits are set");
  if (!is_known(first & kOpcodeBits)) return fail(close_code::kProtocolError, "unknown opcode");
  if (is_masked != (role_ == Role::server))
    return fail(close_code::kProtocolError,
                role_ == Role::server ? "frame is not masked" : "frame is masked");
  if (!take_up_to(2 + length_bytes + (is_masked ? sizeof(mask_) : 0))) return false;

  ByteReader reader(std::string_view(header_).substr(2));
  payload_left_ = length_bytes == 2   ? reader.be<uint16_t>()
                  : length_bytes == 8 ? reader.be<uint64_t>()
                                      : short_length;
  if ((length_bytes == 2 && payload_left_ < kLength16) ||
      (length_bytes == 8 && (payload_left_ <= 0xffff || payload_left_ >> 63 != 0)))
    return fail(close_code::kProtocolError, "length is not in its shortest form");
  if (is_masked) std::memcpy(mask_, reader.bytes(sizeof(mask_)).data(), sizeof(mask_));
  is_final_ = (first & kFinalBit) != 0;
  opcode_ = static_cast<Opcode>(first & kOpcodeBits);
  payload_done_ = 0;
  header_.clear();
  return begin_frame();
}

bool WebSocketDecoder::begin_frame() {
  if (is_control(opcode_)) {
    if (!is_final_) return fail(close_code::kProtocolError, "control frame is fragmented");
    if (payload_left_ > kControlPayloadMax)
      return fail(close_code::kProtocolError, "control frame is longer than 125 bytes");
    control_.clear();
  } else {
    const bool continues = opcode_ == Opcode::continuation;
    if (continues != message_opcode_.has_value())
      return fail(close_code::kProtocolError,
                  continues ? "continuation of no message" : "message begins within another");
    if (!continues) {
      message_opcode_ = opcode_;
      message_.clear();
    }
    if (!is_in_pieces() && payload_left_ > message_bytes_max_ - message_.size())
      return fail(close_code::kMessageTooBig, "message is too big");
  }
  in_payload_ = true;
  return true;
}

bool WebSocketDecoder::hand_on_piece(WebSocketEventSink& sink) {
  if (message_.empty()) return true;
  const bool goes_on = sink.on_message(message_, false);
  message_.clear();
  if (message_.capacity() > kKeptPieceBytes) message_ = {};
  return goes_on;
}

bool WebSocketDecoder::end_frame(WebSocketEventSink& sink) {
  if (is_control(opcode_)) return end_control_frame(sink);
  if (!is_final_) return true;
  const bool is_text = *message_opcode_ == Opcode::text;
  const bool is_done = is_in_pieces();
  message_opcode_.reset();
  if (is_done) return true;
  if (is_text && !is_valid_utf8(message_))
    return fail(close_code::kInvalidPayload, "text is not UTF-8");
  const bool goes_on = sink.on_message(message_, is_text);
  if (message_.capacity() > kKeptBufferBytes) message_ = {};
  return goes_on;
}

bool WebSocketDecoder::end_control_frame(WebSocketEventSink& sink) {
  if (opcode_ == Opcode::ping) return sink.on_ping(control_);
  if (opcode_ == Opcode::pong) return sink.on_pong(control_);
  return end_close_frame(sink);
}

bool WebSocketDecoder::end_close_frame(WebSocketEventSink& sink) {
  if (control_.empty()) {
    sink.on_close(close_code::kNoneGiven, {});
    return false;
  }
  ByteReader reader(control_);
  const auto code = reader.be<uint16_t>();
  if (!reader.ok() || !is_sendable_close_code(code))
    return fail(close_code::kProtocolError, "invalid close code");
  if (!is_valid_utf8(reader.rest()))
    return fail(close_code::kInvalidPayload, "close reason is not UTF-8");
  sink.on_close(code, reader.rest());
  return false;
}

}  // namespace weir::http
