// Simple-8b: runs of small unsigned integers packed into 64-bit words (Anh and Moffat, "Index
// compression using 64-bit words", with the selectors of InfluxDB's variant).
//
// A word's four high bits select how many values of how many bits its low 60 bits hold, the first
// lowest: 240 or 120 ones, then 60 x 1, 30 x 2, 20 x 3, 15 x 4, 12 x 5, 10 x 6, 8 x 7, 7 x 8,
// 6 x 10, 5 x 12, 4 x 15, 3 x 20, 2 x 30, 1 x 60. Words are big-endian. Pure, any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::store::influxd {

// Appends the values of whole words. Errc::invalid if bytes are left over or `values` would grow
// beyond `count_max`.
Result<void> decode_simple8b(std::string_view words, size_t count_max,
                             std::vector<uint64_t>& values);

}  // namespace weir::store::influxd
