// Times of the proleptic Gregorian calendar in UTC: RFC 3339 text, fields, adding durations.
//
// Times are int64 Unix nanoseconds (1677-09-21 to 2262-04-11); what leaves that range is
// Errc::invalid. Any thread.
// Spec: RFC 3339; Flux specification, "Date and time literals" and "Duration literals".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "query/flux/duration.h"

namespace weir::query::flux {

struct CivilTime {
  int64_t year = 1970;
  int month = 1, day = 1;  // from 1
  int hour = 0, minute = 0, second = 0;
  int64_t nanosecond = 0;
};

CivilTime civil_from_ns(int64_t ns);
Result<int64_t> ns_from_civil(const CivilTime& civil);
int64_t days_from_civil(int64_t year, int month, int day);  // days since 1970-01-01
int days_in_month(int64_t year, int month);

// A date, "2020-01-02", or date, time and offset, "2020-01-02T03:04:05.678Z" or "...+02:00". Any
// year of four digits; ns() is Errc::invalid outside the range above.
struct ParsedTime {
  int64_t seconds = 0;     // Unix time
  int32_t nanosecond = 0;  // digits past the ninth are dropped
  int32_t offset_seconds = 0;
  Result<int64_t> ns() const;
};
Result<ParsedTime> parse_time(std::string_view text);
// "2020-01-02T03:04:05.678Z", trailing zeros of the fraction cut.
std::string format_time(int64_t ns);
// The same at an offset from UTC: "2020-01-02T05:04:05.678+02:00"; any year from 0 to 9999.
std::string format_time(int64_t seconds, int32_t nanosecond, int32_t offset_seconds);
// In UTC with all nine digits of the fraction: how Flux prints a time as a string.
std::string format_time_nanos(int64_t ns);

// Months first, with the day clipped to the month's end, then nanoseconds.
Result<int64_t> add(int64_t time_ns, const Duration& duration);
Result<int64_t> subtract(int64_t time_ns, const Duration& duration);

}  // namespace weir::query::flux
