// Column encodings: runs of plain values to few bytes and back, bit for bit.
//
// A column is self-delimiting: a mode byte, then that mode's payload (codec/column_format.h draws
// each). The row count is not part of it; whoever stores columns keeps the count once for all
// columns of a chunk. encode_*() appends the cheapest mode to `out` and cannot fail. Every bit
// pattern survives: -0.0, NaN payloads, infinities, the ends of the integer ranges.
//
// decode_*() takes the column off the front of `in` and sets `out` to exactly `rows` values. Bytes
// may come from a damaged disk: whatever they hold, a decoder neither reads outside them nor
// allocates more than the limits below allow; it fails with Errc::invalid, or, when the damage
// looks like another column, yields other values (the chunk's checksum is there to tell).
//
// Used by the store when it seals and reads chunks. Pure functions: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace weir::codec {

// More rows than this are refused by decoders and are a broken invariant for encoders; it bounds
// what a damaged chunk can make us allocate (512 KiB a column) and keeps positions in 16 bits.
inline constexpr size_t kColumnRowsMax = 65'536;
// The sum of a string column's decoded bytes in the modes that expand (dictionary, zstd). A larger
// column is stored plain, where its size is that of its bytes.
inline constexpr size_t kExpandedStringBytesMax = 64 * 1024 * 1024;

// How hard to look for the shortest form. `thorough` is for columns that stay for long: several
// times slower to encode, about as fast to decode, and entropy coded where that saves a tenth.
enum class Effort : uint8_t { quick, thorough };

// Times in any order; ascending ones are what the modes are made for.
void encode_times(std::span<const int64_t> times, Effort effort, std::string& out);
void encode_ints(std::span<const int64_t> values, Effort effort, std::string& out);
void encode_uints(std::span<const uint64_t> values, Effort effort, std::string& out);
void encode_doubles(std::span<const double> values, Effort effort, std::string& out);
// Bytes 0 or 1; any other byte counts as 1.
void encode_bools(std::span<const uint8_t> values, std::string& out);
void encode_strings(std::span<const std::string_view> values, std::string& out);

Result<void> decode_times(ByteReader& in, size_t rows, std::vector<int64_t>& out);
// Whether decoding this column of times is a mere multiplication.
bool times_are_regular(std::string_view column);
// Decodes counts and gives first + count * unit.
struct TimeAxis {
  int64_t first = 0;
  uint64_t unit = 1;
};
// The first time and what lies between two, if the column says just that.
std::optional<TimeAxis> regular_times_on(const TimeAxis& axis, std::string_view column);
Result<void> decode_times_on(const TimeAxis& axis, ByteReader& in, size_t rows,
                             std::vector<int64_t>& out);
Result<void> decode_ints(ByteReader& in, size_t rows, std::vector<int64_t>& out);
Result<void> decode_uints(ByteReader& in, size_t rows, std::vector<uint64_t>& out);
// The values' bit patterns, for whoever computes with these.
Result<void> decode_double_bits(ByteReader& in, size_t rows, std::vector<uint64_t>& out);
Result<void> decode_doubles(ByteReader& in, size_t rows, std::vector<double>& out);
// The first values of such a column of `rows`: as many as `out` takes, two at least if there are so
// many. What follows is passed over, and not looked at.
Result<void> decode_first_times_on(const TimeAxis& axis, ByteReader& in, size_t rows,
                                   std::span<int64_t> out);
Result<void> decode_first_uints(ByteReader& in, size_t rows, std::span<uint64_t> out);
Result<void> decode_first_double_bits(ByteReader& in, size_t rows, std::span<uint64_t> out);
Result<void> decode_bools(ByteReader& in, size_t rows, std::vector<uint8_t>& out);
Result<void> decode_strings(ByteReader& in, size_t rows, std::vector<std::string>& out);

}  // namespace weir::codec
