// Light columns: integers and doubles to fewer bytes in a nanosecond or two a value, for the log.
//
// What a column codec finds by trying everything is guessed here from a few samples: the log is
// written once, read after a crash, and must cost no more than the bytes it saves. Bit-exact like
// every codec. Bytes:
//   integers  u8 kind, signed reference
//     0 offset   packed block of n (column_format.h): value - reference
//     1 steps    signed first, packed block of n - 1: zigzag(difference - reference)
//   doubles   u8 digits
//     0..17      varint exceptions, that many (varint gap, u64 bits), integers:
//                value = integer / 10^digits; exceptions replace it
//     255        integers: the bit patterns
//
// Columns have at least one value, and at most kColumnRowsMax. Decoding fails with Errc::invalid.
// Pure functions, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace weir::codec {

void append_light_integers(std::span<const uint64_t> values, std::string& out);
Result<void> read_light_integers(ByteReader& in, std::span<uint64_t> values);

// Of the doubles' bit patterns.
void append_light_doubles(std::span<const uint64_t> bits, std::string& out);
Result<void> read_light_doubles(ByteReader& in, std::span<uint64_t> bits);

}  // namespace weir::codec
