// Quantities as people write them in configuration and on the command line.
//
// Durations: "250ms", "1s", "90m", "24h", "7d", "2w", and "0" or "infinite" for none. Sizes: "512",
// "64KiB", "1MiB", "2GiB" (also KB, MB, GB in thousands). Errors say what was wanted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::server {

Result<int64_t> parse_duration_ns(std::string_view text);
Result<uint64_t> parse_size_bytes(std::string_view text);
Result<bool> parse_boolean(std::string_view text);
Result<uint64_t> parse_whole_number(std::string_view text, uint64_t least, uint64_t most);

// "1.2 MiB", "340 B".
std::string format_bytes(uint64_t bytes);

}  // namespace weir::server
