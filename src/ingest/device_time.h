// Times as devices send them: epochs in any unit, RFC 3339, quoted or not.
//
// An epoch's unit is told by its size: below 1e11 seconds, below 1e14 milliseconds, below 1e17
// microseconds, else nanoseconds (1e11 seconds is the year 5138, 1e11 milliseconds 1973). A date
// without a zone is not trusted: half of all devices mean local time and do not say so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::ingest {

struct DeviceTime {
  std::optional<int64_t> ns;
  bool lacks_zone = false;  // it is a date, but nobody knows of which clock
};

// "1700000000.25", "2022-07-18T09:34:15.775023242+00:00".
DeviceTime read_time_text(std::string_view text);
DeviceTime read_time_integer(int64_t epoch);
// Rounded to the microsecond: a double holds no more of today's epoch.
DeviceTime read_time_number(double epoch);

}  // namespace weir::ingest
