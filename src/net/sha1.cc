#include "net/sha1.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

namespace weir::net {

std::string sha1_base64(std::string_view bytes) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  ::SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::array<unsigned char, 32> encoded;  // 28 characters and a zero
  const int length = ::EVP_EncodeBlock(encoded.data(), digest.data(), SHA_DIGEST_LENGTH);
  return std::string(reinterpret_cast<const char*>(encoded.data()), static_cast<size_t>(length));
}

}  // namespace weir::net
