// The inner loops of decoding: packed bits to values, and running sums.
//
// Each has a scalar form and one for processors with AVX2, chosen when the program runs; both give
// the same (unpack_test.cc and codec_roundtrip_fuzz compare them). Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace weir::codec {

// Loads touch up to this many bytes behind the last value's bits.
inline constexpr size_t kUnpackPadding = 32;

// values[i] = the `width` bits from bit i * width on, plus `reference`.
void unpack(const char* bits, size_t count, unsigned width, uint64_t* values, uint64_t reference);
// Replaces each value but the first by its sum with all before, modulo 2^64.
void add_up(std::span<uint64_t> values);

// Turns 0, 1, 2, 3, 4 ... into 0, -1, 1, -2, 2 ..., plus `reference`.
void unzigzag(std::span<uint64_t> values, uint64_t reference);

bool has_avx2();
void unpack_scalar(const char* bits, size_t count, unsigned width, uint64_t* values,
                   uint64_t reference);
void add_up_scalar(std::span<uint64_t> values);
void unzigzag_scalar(std::span<uint64_t> values, uint64_t reference);
// Only where has_avx2().
void unpack_avx2(const char* bits, size_t count, unsigned width, uint64_t* values,
                 uint64_t reference);
void add_up_avx2(std::span<uint64_t> values);
void unzigzag_avx2(std::span<uint64_t> values, uint64_t reference);

}  // namespace weir::codec
