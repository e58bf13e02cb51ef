#include "meta/secret.h"

#include <sodium.h>

namespace weir::meta {

std::string make_secret() {
  unsigned char random[32];
  randombytes_buf(random, sizeof random);
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  char text[sodium_base64_ENCODED_LEN(sizeof random, kVariant)];
  sodium_bin2base64(text, sizeof text, random, sizeof random, kVariant);
  sodium_memzero(random, sizeof random);
  return text;
}

std::string sha256(std::string_view text) {
  std::string hash(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(hash.data()),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size());
  return hash;
}

}  // namespace weir::meta
