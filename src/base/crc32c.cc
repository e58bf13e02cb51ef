#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace weir {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // reflected

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    table[i] = value;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kTable = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t crc32c_hardware(std::string_view bytes, uint32_t crc) {
  uint64_t state = ~crc;
  const char* at = bytes.data();
  size_t rest = bytes.size();
  for (; rest >= 8; at += 8, rest -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    state = _mm_crc32_u64(state, word);
  }
  auto narrow = static_cast<uint32_t>(state);
  for (; rest > 0; at++, rest--) narrow = _mm_crc32_u8(narrow, static_cast<uint8_t>(*at));
  return ~narrow;
}
#endif

using Function = uint32_t (*)(std::string_view, uint32_t);

Function choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return crc32c_hardware;
#endif
  return crc32c_table;
}

}  // namespace

uint32_t crc32c_table(std::string_view bytes, uint32_t crc) {
  uint32_t state = ~crc;
  for (char byte : bytes)
    state = kTable[(state ^ static_cast<uint8_t>(byte)) & 0xff] ^ (state >> 8);
  return ~state;
}

uint32_t crc32c(std::string_view bytes, uint32_t crc) {
  static const Function function = choose();
  return function(bytes, crc);
}

}  // namespace weir
