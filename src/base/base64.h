// Base64 (RFC 4648 §4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir {

std::string base64(std::string_view bytes);
// Padding may be missing; nothing for any other character or length.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace weir
