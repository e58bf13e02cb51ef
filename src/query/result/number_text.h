// Numbers and times as annotated CSV prints them, appended without allocation of their own.
//
// Floats: the shortest digits that read back as the same value, never with an exponent; NaN, +Inf,
// -Inf. Times: RFC 3339 in UTC with as many decimals as needed, none if whole seconds.
// Spec: InfluxDB annotated CSV; Go's strconv.FormatFloat('f', -1) and time.RFC3339Nano.
#pragma once

#include <cstdint>
#include <string>

namespace weir::query {

inline constexpr size_t kIntTextMax = 20;
// "-", 17 digits and 308 zeros, or "-0." and 323 zeros and digits: below this.
inline constexpr size_t kFloatTextMax = 400;
inline constexpr size_t kTimeTextMax = 40;

// Each writes at `out`, which has room for the bound above, and returns the end.
char* write_int(char* out, int64_t value);
char* write_uint(char* out, uint64_t value);
char* write_float(char* out, double value);

// Remembers the last day written: consecutive times mostly share it.
class TimeText {
 public:
  char* write(char* out, int64_t time_ns);

 private:
  int64_t day_ = INT64_MIN;
  char prefix_[24] = {};  // "2020-01-01T"
  size_t prefix_size_ = 0;
};

}  // namespace weir::query
