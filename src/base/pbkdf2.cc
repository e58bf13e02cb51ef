#include "base/pbkdf2.h"

#include <openssl/evp.h>

#include "base/assert.h"

namespace weir {

std::string pbkdf2_sha512(std::string_view password, std::string_view salt, int iterations,
                          size_t size_bytes) {
  std::string derived(size_bytes, '\0');
  int done = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                               reinterpret_cast<const unsigned char*>(salt.data()),
                               static_cast<int>(salt.size()), iterations, EVP_sha512(),
                               static_cast<int>(derived.size()),
                               reinterpret_cast<unsigned char*>(derived.data()));
  WEIR_ASSERT(done == 1, "OpenSSL refuses no iterations, no bytes or lack of memory only");
  return derived;
}

}  // namespace weir
