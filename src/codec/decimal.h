// Decimal scaling: doubles that are integers divided by a power of ten.
//
// Sensors send "21.4", and the double nearest to it is exactly 214 / 10 in IEEE division, which
// rounds correctly. Scaled values stay below 2^51 in magnitude, so both directions are exact and
// the way back needs no scalar integer conversion.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "codec/column_format.h"

namespace weir::codec {

inline constexpr double kPowersOfTen[kDecimalDigitsMax + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,
                                                               1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17};
inline constexpr double kScaledMax = 2251799813685248.0;  // 2^51

// True, and the integer, if `value` is exactly integer / 10^digits. Never for NaN, infinities,
// -0.0.
inline bool scale_decimal(double value, unsigned digits, int64_t& integer) {
  const double scaled = value * kPowersOfTen[digits];
  if (!(scaled < kScaledMax && scaled > -kScaledMax)) return false;
  const auto rounded = static_cast<int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
  const double back = static_cast<double>(rounded) / kPowersOfTen[digits];
  integer = rounded;
  return std::bit_cast<uint64_t>(back) == std::bit_cast<uint64_t>(value);
}

// Replaces integers by integer / 10^digits, in place: values[i] holds an integer's bits before and
// a double's after.
void unscale_decimals(std::span<uint64_t> values, unsigned digits);
// The same by plain division, to compare with.
void unscale_decimals_scalar(std::span<uint64_t> values, unsigned digits);

}  // namespace weir::codec
