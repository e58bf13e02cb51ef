// Digests of bytes that others ask for by name: MD5, SHA-1, SHA-256, HMAC-SHA-1, XXH64.
//
// For comparing with what other programs computed, never for secrets: those go through libsodium.
// Digests are raw bytes. Any thread; cannot fail.
// Specs: RFC 1321, FIPS 180-4, RFC 2104, https://xxhash.com.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

std::string md5(std::string_view bytes);
std::string sha1(std::string_view bytes);
std::string sha256(std::string_view bytes);
std::string hmac_sha1(std::string_view key, std::string_view bytes);
uint64_t xxhash64(std::string_view bytes);  // seed 0

}  // namespace weir
