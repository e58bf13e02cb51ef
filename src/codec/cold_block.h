// Cold blocks: unsigned values as zstd compresses best what packing has aligned.
//
// Shape and bytes: column_format.h, "Cold block". Values are packed to a width at which each byte
// of zstd's input means the same, so that its entropy coder sees the values' distribution. Decoding
// allocates no more than the values take and fails with Errc::invalid. Any thread.
#pragma once

#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace weir::codec {

// Appends the shortest block that is found if it is shorter than `size_max`; false otherwise.
bool append_cold(std::span<const uint64_t> values, size_t size_max, std::string& out);

// Fills `values` with the first values of a block of `count`.
Result<void> read_cold(ByteReader& in, size_t count, std::span<uint64_t> values);

}  // namespace weir::codec
