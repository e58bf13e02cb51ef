#include "mqtt/text.h"

#include <cstring>

#include "base/assert.h"

namespace weir::mqtt {
namespace {

// True when all eight bytes are printable ASCII: no high bit, none below 0x20, none 0x7F.
bool is_plain_ascii(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
  uint64_t below_space = (word - kOnes * 0x20) & ~word;
  uint64_t above_tilde = word + kOnes;
  return ((word | below_space | above_tilde) & kHigh) == 0;
}

bool is_allowed(uint32_t code) {
  if (code < 0x20 || (code >= 0x7F && code <= 0x9F)) return false;  // U+0000 and controls
  if (code >= 0xD800 && code <= 0xDFFF) return false;               // surrogates
  if (code >= 0xFDD0 && code <= 0xFDEF) return false;               // non-characters
  return (code & 0xFFFE) != 0xFFFE && code <= 0x10FFFF;
}

// Bytes taken by the character at `p`, or 0 if it is not allowed.
size_t character_size(const unsigned char* p, size_t available) {
  unsigned char lead = p[0];
  if (lead < 0x80) return is_allowed(lead) ? 1 : 0;
  size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || size > available) return 0;
  uint32_t code = lead & (0xFFu >> (size + 1));
  for (size_t i = 1; i < size; i++) {
    if ((p[i] & 0xC0) != 0x80) return 0;
    code = (code << 6) | (p[i] & 0x3Fu);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};  // below it: an overlong form
  return code >= kSmallest[size] && is_allowed(code) ? size : 0;
}

}  // namespace

bool is_valid_text(std::string_view text) {
  const char* p = text.data();
  const char* end = p + text.size();
  while (p != end) {
    uint64_t word;
    if (end - p >= 8 && (std::memcpy(&word, p, 8), is_plain_ascii(word))) {
      p += 8;
      continue;
    }
    size_t size =
        character_size(reinterpret_cast<const unsigned char*>(p), static_cast<size_t>(end - p));
    if (size == 0) return false;
    p += size;
  }
  return true;
}

std::string_view read_binary(ByteReader& reader) {
  uint16_t size = reader.be<uint16_t>();
  return reader.bytes(size);
}

std::string_view read_text(ByteReader& reader) {
  std::string_view text = read_binary(reader);
  if (reader.ok() && !is_valid_text(text)) return reader.fail(), std::string_view();
  return text;
}

uint32_t read_variable_integer(ByteReader& reader) {
  uint32_t value = 0;
  for (int shift = 0; shift < 28; shift += 7) {
    uint8_t byte = reader.u8();
    value |= uint32_t(byte & 0x7F) << shift;
    if ((byte & 0x80) != 0) continue;
    if (byte == 0 && shift > 0) reader.fail();  // longer than need be
    return reader.ok() ? value : 0;
  }
  return reader.fail(), 0;
}

void write_binary(ByteWriter& out, std::string_view bytes) {
  WEIR_ASSERT(bytes.size() <= 65535, "an MQTT string holds at most 65535 bytes");
  out.be<uint16_t>(static_cast<uint16_t>(bytes.size()));
  out.bytes(bytes);
}

void write_variable_integer(ByteWriter& out, uint32_t value) {
  WEIR_ASSERT(value <= kVariableIntegerMax, "an MQTT variable byte integer has 28 bits");
  out.varint(value);
}

size_t variable_integer_size(uint32_t value) {
  return value < 128 ? 1 : value < 16'384 ? 2 : value < 2'097'152 ? 3 : 4;
}

}  // namespace weir::mqtt
