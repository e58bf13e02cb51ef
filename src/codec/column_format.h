// The byte layout of every column encoding (docs/format.md links here).
//
// Do not renumber modes: they are on disk. Notation: varint = unsigned LEB128, signed = zigzag
// LEB128 (base/bytes.h), n = the column's row count, known from outside. Numbers are little-endian.
// Integer arithmetic wraps modulo 2^64, so every range is reversible.
//
// Packed block of m values (u64), used by several modes:
//   u8 width            bits per value 0..64; +0x80 if exceptions follow
//   [varint count, then count x (varint gap, varint high)]
//                       exceptions: value[position] += high << width; the first position is gap,
//                       the next ones are the last position + 1 + gap
//   bytes               m x width bits, least significant bit first, padded to a byte
//
// Integers (also unsigned ones, by their bits):
//   raw     n x u64
//   equal   signed value
//   runs    varint count, then count x (varint length - 1, signed difference to the last run's
//   value) offset  signed reference, packed block of n: value - reference delta   signed first,
//   signed reference, packed block of n - 1: difference - reference linear  signed base, signed
//   slope, u16 fraction, packed block of n:
//           value - (base + i * slope + ((i * fraction) >> 16))
//   delta2  signed first, signed first difference, signed reference, packed block of n - 2:
//           difference of differences - reference
//   cold    u8 order 0..2, as many signed firsts as in offset, delta, delta2, signed reference,
//           cold block of n - order: zigzag(value, difference, ... - reference)
//
// Cold block of m values (u64), entropy coded:
//   u8 width            1, 2, 4 or whole bytes up to 64; +0x80 and exceptions as in a packed block
//   varint size, then that many bytes: one zstd frame of
//     width 1, 2, 4     m x width bits, least significant bit first, padded to a byte
//     whole bytes       the lowest byte of every value, then the next one of every value, ...
//
// Times:
//   raw     n x u64
//   stride  signed first, varint step: value = first + i * step
//   scaled  signed first, varint unit, integers: (value - first) / unit
//
// Doubles:
//   raw      n x u64
//   equal    u64
//   decimal  u8 digits 0..17, varint exceptions, that many (varint gap, u64 bits), integers:
//            value = integer / 10^digits, in IEEE double division; exceptions replace it
//   bits     integers: the values' bit patterns
//   split    u8 width 1..63, integers: the patterns without their lowest `width` bits; packed
//   block:
//            these
//
// Booleans:
//   bitmap  n bits, least significant bit first
//   runs    u8 first value, varint count, then count x varint (length - 1); values alternate
//
// Strings:
//   plain       integers: the n lengths; then the bytes
//   dictionary  varint count, integers: the count lengths; bytes; integers: n indexes
//   zstd        integers: the n lengths; varint size, then that many bytes: one zstd frame of all
//               strings end to end
#pragma once

#include <cstdint>

namespace weir::codec {

enum class IntegerMode : uint8_t {
  raw = 0,
  equal = 1,
  runs = 2,
  offset = 3,
  delta = 4,
  linear = 5,
  delta2 = 6,
  cold = 7
};
enum class TimeMode : uint8_t { raw = 0, stride = 1, scaled = 2 };
enum class DoubleMode : uint8_t { raw = 0, equal = 1, decimal = 2, bits = 3, split = 4 };
enum class BoolMode : uint8_t { bitmap = 0, runs = 1 };
enum class StringMode : uint8_t { plain = 0, dictionary = 1, zstd = 2 };

inline constexpr uint8_t kPackedExceptions = 0x80;
inline constexpr unsigned kDecimalDigitsMax = 17;

}  // namespace weir::codec
