// Secrets that weir makes and recognises: tokens and session keys.
//
// A secret is 256 random bits, so its plain SHA-256 is all that is stored and looked up: without
// the secret the hash is worth nothing, and no slow hash is needed as it is for passwords.
#pragma once

#include <string>
#include <string_view>

namespace weir::meta {

// 43 characters of base64url, no padding: they pass unquoted in headers, URLs and shells.
std::string make_secret();
// 32 bytes.
std::string sha256(std::string_view text);

}  // namespace weir::meta
