// PBKDF2 with HMAC-SHA-512 (RFC 8018 §5.2): what Mosquitto's password files keep of a password.
//
// Costs about a microsecond an iteration. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

// `iterations` and `size_bytes` are at least 1.
std::string pbkdf2_sha512(std::string_view password, std::string_view salt, int iterations,
                          size_t size_bytes);

}  // namespace weir
