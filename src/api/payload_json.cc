#include "api/payload_json.h"

#include <optional>

#include "base/base64.h"
#include "base/json.h"

namespace weir::api {
namespace {

// How many bytes of `text` are whole UTF-8 characters, or nothing if something else is among them.
// An unfinished character is allowed at the end of a cut text.
std::optional<size_t> utf8_length(std::string_view text, bool cut) {
  size_t at = 0;
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const size_t size = byte < 0x80                   ? 1
                        : byte >= 0xc2 && byte < 0xe0 ? 2
                        : byte >= 0xe0 && byte < 0xf0 ? 3
                        : byte >= 0xf0 && byte < 0xf5 ? 4
                                                      : 0;
    if (size == 0) return std::nullopt;
    for (size_t i = 1; i < size; i++) {
      if (at + i == text.size()) return cut ? std::optional(at) : std::nullopt;
      const auto next = static_cast<unsigned char>(text[at + i]);
      if (next < 0x80 || next >= 0xc0) return std::nullopt;
      if (i > 1) continue;
      // Overlong forms, surrogates, beyond U+10FFFF (RFC 3629 §4).
      if ((byte == 0xe0 && next < 0xa0) || (byte == 0xed && next >= 0xa0) ||
          (byte == 0xf0 && next < 0x90) || (byte == 0xf4 && next >= 0x90))
        return std::nullopt;
    }
    at += size;
  }
  return at;
}

}  // namespace

void put_payload(OrderedJson& json, std::string_view payload, bool cut) {
  if (const std::optional<size_t> length = utf8_length(payload, cut); length.has_value()) {
    json["payload"] = payload.substr(0, *length);
    return;
  }
  json["payload"] = nullptr;
  json["payloadBase64"] = base64(payload);
}

}  // namespace weir::api
