// What the two paths that take line protocol share: /api/v2/write and InfluxDB 1's /write.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "model/line_protocol.h"

namespace weir::api {

// Up to here a body is parsed where it arrived: about half a millisecond of the io thread.
inline constexpr size_t kParseOnIoThreadBytesMax = 256 * 1024;

// One message a line; a body of nothing but bad lines does not come back whole.
std::string joined_messages(const std::vector<model::LineError>& errors);

// For the metrics.
void count_write_request();
void count_written_points(size_t points);

}  // namespace weir::api
