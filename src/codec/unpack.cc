#include "codec/unpack.h"

#include <immintrin.h>

#include <array>
#include <cstring>
#include <utility>

namespace weir::codec {
namespace {

constexpr uint64_t mask_of(unsigned width) {
  return width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
}

uint64_t load_word(const char* place) {
  uint64_t word;
  std::memcpy(&word, place, 8);
  return word;
}

// Value i of width <= 56 lies inside the 8 bytes from bit i * width on: one load, shift and mask.
template <unsigned kWidth>
void unpack_narrow(const char* bits, size_t count, uint64_t* values, uint64_t reference) {
  constexpr uint64_t kMask = mask_of(kWidth);
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {  // 8 values are kWidth whole bytes: all offsets are constants
    const char* group = bits + i / 8 * kWidth;
#pragma GCC unroll 8
    for (unsigned k = 0; k < 8; k++) {
      values[i + k] = ((load_word(group + k * kWidth / 8) >> (k * kWidth % 8)) & kMask) + reference;
    }
  }
  for (; i < count; i++) {
    size_t bit = i * kWidth;
    values[i] = ((load_word(bits + bit / 8) >> (bit % 8)) & kMask) + reference;
  }
}

void unpack_wide(const char* bits, size_t count, unsigned width, uint64_t* values,
                 uint64_t reference) {
  const uint64_t mask = mask_of(width);
  for (size_t i = 0; i < count; i++) {
    const size_t bit = i * width;
    const char* place = bits + bit / 8;
    const unsigned shift = bit % 8;
    uint64_t value = load_word(place) >> shift;
    if (shift != 0) value |= uint64_t{static_cast<uint8_t>(place[8])} << (64 - shift);
    values[i] = (value & mask) + reference;
  }
}

using Unpack = void (*)(const char*, size_t, uint64_t*, uint64_t);
constexpr unsigned kNarrowMax = 56;
// A value of at most so many bits lies within 4 bytes, whichever bit it begins at.
constexpr unsigned kVectorMax = 25;

// 8 values are kWidth bytes. The first four are taken from the 16 bytes at their beginning, the
// other four from the 16 bytes at bit 4 * kWidth: a byte shuffle brings each value's 4 bytes into a
// lane of 32 bits, a shift by lane its first bit to the bottom.
template <unsigned kWidth>
struct Lanes {
  alignas(32) std::array<uint8_t, 32> shuffle{};
  alignas(32) std::array<uint32_t, 8> shift{};
  constexpr Lanes() {
    for (unsigned lane = 0; lane < 8; lane++) {
      const unsigned bit = (lane < 4 ? 0 : 4 * kWidth % 8) + lane % 4 * kWidth;
      shift[lane] = bit % 8;
      for (unsigned k = 0; k < 4; k++) shuffle[lane * 4 + k] = static_cast<uint8_t>(bit / 8 + k);
    }
  }
};
template <unsigned kWidth>
constexpr Lanes<kWidth> kLanes;

template <unsigned kWidth>
__attribute__((target("avx2"))) void unpack_vector(const char* bits, size_t count, uint64_t* values,
                                                   uint64_t reference) {
  const auto* lanes = &kLanes<kWidth>;
  const __m256i shuffle = _mm256_load_si256(reinterpret_cast<const __m256i*>(&lanes->shuffle));
  const __m256i shift = _mm256_load_si256(reinterpret_cast<const __m256i*>(&lanes->shift));
  const __m256i mask = _mm256_set1_epi32(static_cast<int>(mask_of(kWidth)));
  const __m256i add = _mm256_set1_epi64x(static_cast<long long>(reference));
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const char* group = bits + i / 8 * kWidth;
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(group));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(group + 4 * kWidth / 8));
    __m256i eight = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
    eight = _mm256_srlv_epi32(_mm256_shuffle_epi8(eight, shuffle), shift);
    eight = _mm256_and_si256(eight, mask);
    const __m256i first = _mm256_cvtepu32_epi64(_mm256_castsi256_si128(eight));
    const __m256i second = _mm256_cvtepu32_epi64(_mm256_extracti128_si256(eight, 1));
    auto* place = reinterpret_cast<__m256i*>(values + i);
    _mm256_storeu_si256(place, _mm256_add_epi64(first, add));
    _mm256_storeu_si256(place + 1, _mm256_add_epi64(second, add));
  }
  unpack_narrow<kWidth>(bits + i / 8 * kWidth, count - i, values + i, reference);
}

template <size_t... kWidths>
constexpr std::array<Unpack, sizeof...(kWidths)> scalar_unpackers(std::index_sequence<kWidths...>) {
  return {unpack_narrow<kWidths>...};
}
template <size_t... kWidths>
constexpr std::array<Unpack, sizeof...(kWidths)> vector_unpackers(std::index_sequence<kWidths...>) {
  return {unpack_vector<kWidths>...};
}
constexpr auto kScalarUnpackers = scalar_unpackers(std::make_index_sequence<kNarrowMax + 1>{});
constexpr auto kVectorUnpackers = vector_unpackers(std::make_index_sequence<kVectorMax + 1>{});

}  // namespace

bool has_avx2() {
  static const bool has = __builtin_cpu_supports("avx2") != 0;
  return has;
}

void unpack_scalar(const char* bits, size_t count, unsigned width, uint64_t* values,
                   uint64_t reference) {
  if (width <= kNarrowMax) return kScalarUnpackers[width](bits, count, values, reference);
  unpack_wide(bits, count, width, values, reference);
}

void unpack_avx2(const char* bits, size_t count, unsigned width, uint64_t* values,
                 uint64_t reference) {
  if (width <= kVectorMax) return kVectorUnpackers[width](bits, count, values, reference);
  unpack_scalar(bits, count, width, values, reference);
}

void unpack(const char* bits, size_t count, unsigned width, uint64_t* values, uint64_t reference) {
  if (has_avx2()) return unpack_avx2(bits, count, width, values, reference);
  unpack_scalar(bits, count, width, values, reference);
}

void add_up_scalar(std::span<uint64_t> values) {
  uint64_t sum = 0;
  for (uint64_t& value : values) value = sum += value;
}

__attribute__((target("avx2"))) void add_up_avx2(std::span<uint64_t> values) {
  const __m256i zero = _mm256_setzero_si256();
  __m256i before = zero;  // the sum so far, in every lane
  size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    auto* place = reinterpret_cast<__m256i*>(values.data() + i);
    __m256i four = _mm256_loadu_si256(place);                   // a b c d
    four = _mm256_add_epi64(four, _mm256_slli_si256(four, 8));  // a a+b c c+d
    const __m256i half = _mm256_permute4x64_epi64(four, 0x55);  // a+b in every lane
    four = _mm256_add_epi64(four, _mm256_blend_epi32(zero, half, 0xf0));
    _mm256_storeu_si256(place, _mm256_add_epi64(four, before));
    // Only this addition waits for the four before.
    before = _mm256_add_epi64(before, _mm256_permute4x64_epi64(four, 0xff));
  }
  auto sum = static_cast<uint64_t>(_mm256_extract_epi64(before, 0));
  for (; i < values.size(); i++) values[i] = sum += values[i];
}

void add_up(std::span<uint64_t> values) {
  if (has_avx2()) return add_up_avx2(values);
  add_up_scalar(values);
}

void unzigzag_scalar(std::span<uint64_t> values, uint64_t reference) {
  for (uint64_t& value : values) {
    value = ((value >> 1) ^ (uint64_t{0} - (value & 1))) + reference;
  }
}

__attribute__((target("avx2"))) void unzigzag_avx2(std::span<uint64_t> values, uint64_t reference) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i one = _mm256_set1_epi64x(1);
  const __m256i add = _mm256_set1_epi64x(static_cast<long long>(reference));
  size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    auto* place = reinterpret_cast<__m256i*>(values.data() + i);
    const __m256i four = _mm256_loadu_si256(place);
    const __m256i sign = _mm256_sub_epi64(zero, _mm256_and_si256(four, one));
    const __m256i value = _mm256_xor_si256(_mm256_srli_epi64(four, 1), sign);
    _mm256_storeu_si256(place, _mm256_add_epi64(value, add));
  }
  unzigzag_scalar(values.subspan(i), reference);
}

void unzigzag(std::span<uint64_t> values, uint64_t reference) {
  if (has_avx2()) return unzigzag_avx2(values, reference);
  unzigzag_scalar(values, reference);
}

}  // namespace weir::codec
