#include "codec/decimal.h"

#include <emmintrin.h>
#include <immintrin.h>

namespace weir::codec {
namespace {

// Adding an integer below 2^51 to the bits of 1.5 * 2^52 gives the double 1.5 * 2^52 + integer:
// a conversion in one addition and one subtraction, for as many lanes as there are.
constexpr double kMagic = 6755399441055744.0;

double unscale(uint64_t integer, double power) {
  return (std::bit_cast<double>(integer + std::bit_cast<uint64_t>(kMagic)) - kMagic) / power;
}

void unscale_scalar(uint64_t* values, size_t count, double power) {
  for (size_t i = 0; i < count; i++) {
    values[i] = std::bit_cast<uint64_t>(unscale(values[i], power));
  }
}

__attribute__((target("avx2"))) void unscale_avx2(uint64_t* values, size_t count, double power) {
  const __m256d magic = _mm256_set1_pd(kMagic);
  const __m256d divisor = _mm256_set1_pd(power);
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    auto* place = reinterpret_cast<__m256i*>(values + i);
    const __m256i sum = _mm256_add_epi64(_mm256_loadu_si256(place), _mm256_castpd_si256(magic));
    const __m256d value = _mm256_div_pd(_mm256_sub_pd(_mm256_castsi256_pd(sum), magic), divisor);
    _mm256_storeu_si256(place, _mm256_castpd_si256(value));
  }
  unscale_scalar(values + i, count - i, power);
}

}  // namespace

void unscale_decimals(std::span<uint64_t> values, unsigned digits) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  const double power = kPowersOfTen[digits];
  if (has_avx2) return unscale_avx2(values.data(), values.size(), power);
  unscale_scalar(values.data(), values.size(), power);
}

}  // namespace weir::codec
