#include "base/ids.h"

#include <sodium.h>

namespace weir {

std::string id_to_text(uint64_t id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (size_t i = 16; i-- > 0; id >>= 4) text[i] = kDigits[id & 15];
  return text;
}

std::optional<uint64_t> id_from_text(std::string_view text) {
  if (text.size() != 16) return std::nullopt;
  uint64_t id = 0;
  for (char c : text) {
    id <<= 4;
    if (c >= '0' && c <= '9') {
      id |= static_cast<uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      id |= static_cast<uint64_t>(c - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  if (id == 0) return std::nullopt;
  return id;
}

uint64_t make_random_id() {
  uint64_t id = 0;
  while (id == 0) randombytes_buf(&id, sizeof id);
  return id;
}

}  // namespace weir
