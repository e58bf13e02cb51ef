// One line of line protocol, read character by character with every corner: escapes, blanks to
// skip, and the exact reason of each failure. The fast path of line_protocol.cc hands over every
// line that is not plain; both must agree on the plain ones (line_protocol_test.cc compares them).
#pragma once

#include <limits>
#include <string>
#include <string_view>

#include "model/point_batch.h"

namespace weir::model {

// InfluxDB's bounds of a timestamp in nanoseconds.
inline constexpr int64_t kLineTimeMin = std::numeric_limits<int64_t>::min() + 2;
inline constexpr int64_t kLineTimeMax = std::numeric_limits<int64_t>::max() - 1;
// Keys up to here cannot break kKeyBytesMax together; longer ones are measured exactly, slowly.
inline constexpr size_t kPlainKeyBytesMax = 32'000;

// Skipped at the start of a line and before each part.
inline bool is_line_blank(char c) { return c == ' ' || c == '\t' || c == '\0'; }

// Where the line that begins at `begin` ends: at its newline or the text's end. Newlines inside
// quoted field values do not count.
size_t find_line_end(std::string_view text, size_t begin);

// Adds the line's point to the batch, or sets `reason` and adds nothing. The line has no leading
// blanks. `default_time_ns` is used as it is; `unit_ns` scales the line's own timestamp.
bool parse_line_slowly(std::string_view line, int64_t unit_ns, int64_t default_time_ns,
                       PointBatch& batch, std::string& reason);

}  // namespace weir::model
