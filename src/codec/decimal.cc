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

// A division in three multiplications, exact to the bit. Let x = integer / power, u = 2^-53. The
// reciprocal and the first quotient q are each off by a part of u at most, so |q - x| <= 2u|x|. The
// rest integer - q * power is exact: power has at most 40 significant bits (5^17). Then
// q + rest * reciprocal is x off by 2u^2|x|, before it is rounded once. That rounds as x does,
// unless x is that close to the middle of two doubles; but power's few bits keep it 2^-41 u|x|
// away, and in the middle itself it is never, since integer has less than 54 bits.
__attribute__((target("avx2,fma"))) void unscale_fma(uint64_t* values, size_t count, double power) {
  const __m256d magic = _mm256_set1_pd(kMagic);
  const __m256d divisor = _mm256_set1_pd(power);
  const __m256d reciprocal = _mm256_set1_pd(1.0 / power);
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    auto* place = reinterpret_cast<__m256i*>(values + i);
    const __m256i sum = _mm256_add_epi64(_mm256_loadu_si256(place), _mm256_castpd_si256(magic));
    const __m256d integer = _mm256_sub_pd(_mm256_castsi256_pd(sum), magic);
    const __m256d quotient = _mm256_mul_pd(integer, reciprocal);
    const __m256d rest = _mm256_fnmadd_pd(quotient, divisor, integer);
    const __m256d value = _mm256_fmadd_pd(rest, reciprocal, quotient);
    _mm256_storeu_si256(place, _mm256_castpd_si256(value));
  }
  unscale_scalar(values + i, count - i, power);
}

}  // namespace

void unscale_decimals(std::span<uint64_t> values, unsigned digits) {
  static const bool has_fma =
      __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  const double power = kPowersOfTen[digits];
  if (has_fma) return unscale_fma(values.data(), values.size(), power);
  unscale_scalar(values.data(), values.size(), power);
}

void unscale_decimals_scalar(std::span<uint64_t> values, unsigned digits) {
  unscale_scalar(values.data(), values.size(), kPowersOfTen[digits]);
}

}  // namespace weir::codec
