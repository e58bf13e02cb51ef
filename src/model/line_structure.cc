#include "model/line_structure.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstring>

namespace weir::model {
namespace {

unsigned structural_bits16(const char* bytes) {
  const __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  // Space 0x20 and quote 0x22 differ in one bit: one comparison finds both.
  const __m128i spaces_quotes =
      _mm_cmpeq_epi8(_mm_or_si128(chunk, _mm_set1_epi8(2)), _mm_set1_epi8('"'));
  const __m128i commas = _mm_cmpeq_epi8(chunk, _mm_set1_epi8(','));
  const __m128i equals = _mm_cmpeq_epi8(chunk, _mm_set1_epi8('='));
  const __m128i newlines = _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\n'));
  const __m128i backslashes = _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\'));
  const __m128i any = _mm_or_si128(_mm_or_si128(_mm_or_si128(spaces_quotes, commas), equals),
                                   _mm_or_si128(newlines, backslashes));
  return static_cast<unsigned>(_mm_movemask_epi8(any));
}

uint64_t structural_bits64(const char* bytes) {
  uint64_t bits = structural_bits16(bytes);
  bits |= uint64_t{structural_bits16(bytes + 16)} << 16;
  bits |= uint64_t{structural_bits16(bytes + 32)} << 32;
  return bits | uint64_t{structural_bits16(bytes + 48)} << 48;
}

// Writes at least eight positions whether there are or not: the next block overwrites the rest,
// and the loop count of nearly every block is predicted.
uint32_t* append_positions(uint64_t bits, uint32_t offset, uint32_t* out) {
  const int count = __builtin_popcountll(bits);
  uint32_t* end = out + count;
  do {
    for (int i = 0; i < 8; i++) {
      out[i] = offset + static_cast<uint32_t>(__builtin_ctzll(bits | (uint64_t{1} << 63)));
      bits &= bits - 1;
    }
    out += 8;
  } while (out < end);
  return end;
}

}  // namespace

void LineStructure::refill() {
  at_ = 0;
  count_ = 0;
  while (count_ == 0) {
    base_ = scanned_;
    uint32_t* out = found_.data();
    const size_t window_end = std::min(text_.size(), scanned_ + kWindowBytes);
    for (; scanned_ + 64 <= window_end; scanned_ += 64) {
      out = append_positions(structural_bits64(text_.data() + scanned_),
                             static_cast<uint32_t>(scanned_ - base_), out);
    }
    if (scanned_ < window_end) {  // the last piece of the text, fewer than 64 bytes
      char padded[64] = {};
      std::memcpy(padded, text_.data() + scanned_, window_end - scanned_);
      out =
          append_positions(structural_bits64(padded), static_cast<uint32_t>(scanned_ - base_), out);
      scanned_ = window_end;
    }
    count_ = static_cast<size_t>(out - found_.data());
    if (scanned_ >= text_.size() && count_ == 0) {
      base_ = text_.size();
      found_[0] = 0;
      count_ = 1;
    }
  }
}

}  // namespace weir::model
