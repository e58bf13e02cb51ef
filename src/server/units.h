// Quantities as people write them in configuration and on the command line.
//
// Durations: "250ms", "1s", "90m", "24h", "7d", "2w", and "0" or "infinite" for none. Sizes: "512",
// "64KiB", "1MiB", "2GiB" (also KB, MB, GB in thousands). Errors say what was wanted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::server {

Result<int64_t> parse_duration_ns(std::string_view text);
Result<uint64_t> parse_size_bytes(std::string_view text);
Result<bool> parse_boolean(std::string_view text);
Result<uint64_t> parse_whole_number(std::string_view text, uint64_t least, uint64_t most);

// The name nearest to a misspelt one, or empty if none is near: for "did you mean".
std::string_view nearest_name(std::string_view misspelt,
                              const std::vector<std::string_view>& names);

// "1.2 MiB", "340 B".
std::string format_bytes(uint64_t bytes);
// "2026-01-31T12:00:00.25Z".
std::string format_time(int64_t time_ns);

}  // namespace weir::server
