// Duration: a length of time as Flux has it, calendar months apart from nanoseconds.
//
// `1mo` is no fixed number of days, so months and nanoseconds are kept side by side and only meet
// when added to a time (calendar.h). Both parts have the sign of `negative`, and are not negative
// themselves. Parsing and adding fail with Errc::invalid on overflow.
// Spec: Flux specification, "Duration literals" and "Duration types".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::query::flux::ast {
struct DurationLiteral;
}

namespace weir::query::flux {

struct Duration {
  int64_t months = 0;
  int64_t nanoseconds = 0;
  bool negative = false;

  static Duration of_ns(int64_t ns);
  static Duration of_months(int64_t months);

  bool is_zero() const { return months == 0 && nanoseconds == 0; }
  bool is_mixed() const { return months != 0 && nanoseconds != 0; }
  int64_t signed_months() const { return negative ? -months : months; }
  int64_t signed_ns() const { return negative ? -nanoseconds : nanoseconds; }
  Duration negated() const { return {months, nanoseconds, !is_zero() && !negative}; }
  friend bool operator==(const Duration&, const Duration&) = default;
};

// The sum of the parts of a literal.
Result<Duration> duration_of(const ast::DurationLiteral& literal);
// The same from text, "1y2mo3w4d5h6m7s8ms9us10ns", with `-` before it if negative.
Result<Duration> parse_duration(std::string_view text);
// Nanoseconds, or (for mo and y) months, of one unit; zero of both for an unknown one.
Duration duration_unit(std::string_view unit);
// The sum; Errc::invalid if the parts' signs would differ or a part overflows.
Result<Duration> add(const Duration& a, const Duration& b);
Result<Duration> multiply(const Duration& a, int64_t factor);
// Canonical: "1y2mo3w4d5h6m7s8ms9us10ns", largest units first, "-" in front, "0ns" for zero.
std::string to_string(const Duration& duration);

}  // namespace weir::query::flux
