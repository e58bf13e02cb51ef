// Times as text: RFC 3339 in and out, and durations as Go spells them. Used from the API's bodies
// to the command line; pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

// "2026-01-01T00:00:00Z", with as many fractional digits as are not zero, up to nine.
std::string rfc3339(int64_t time_ns);
// With or without a fraction, with Z or an offset. Errc::invalid says what it got.
Result<int64_t> parse_rfc3339(std::string_view text);
// Go's spelling of a duration: "1h2m3.5s", "450ms", "0s".
std::string go_duration(int64_t duration_ns);

}  // namespace weir
