// Integers of 64 bits, signed or not, to few bytes: the modes of column_format.h, "Integers".
//
// All arithmetic wraps, so a span of bit patterns is all there is to know. The column codecs build
// on this: times, scaled decimals, dictionary indexes and lengths are integers.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/column_codec.h"

namespace weir::codec {

void encode_integers(std::span<const uint64_t> values, Effort effort, std::string& out);
// The first of `rows` values, as many as `values` takes: two at least, if there are.
Result<void> decode_integers(ByteReader& in, size_t rows, std::span<uint64_t> values);

}  // namespace weir::codec
