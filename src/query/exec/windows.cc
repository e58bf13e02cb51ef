#include "query/exec/windows.h"

#include <algorithm>
#include <string>

#include "query/flux/calendar.h"

namespace weir::query {

namespace {

int64_t floor_divide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

// Times beyond either end of time are that end.
int64_t saturating_add(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return b > 0 ? kFluxTimeMax : kFluxTimeMin;
  return std::clamp(sum, kFluxTimeMin, kFluxTimeMax);
}

int64_t add_duration(int64_t time_ns, const flux::Duration& duration) {
  if (duration.months == 0) return saturating_add(time_ns, duration.signed_ns());
  auto moved = flux::add(time_ns, duration);
  if (moved.ok()) return *moved;
  return duration.negative ? kFluxTimeMin : kFluxTimeMax;
}

// Of a duration that is not mixed; not zero.
double approximate_ns(const flux::Duration& duration) {
  constexpr double kMonthNs = 30 * 86'400e9;
  return duration.months != 0 ? static_cast<double>(duration.months) * kMonthNs
                              : static_cast<double>(duration.nanoseconds);
}

int64_t months_since_epoch(int64_t time_ns) {
  flux::CivilTime civil = flux::civil_from_ns(time_ns);
  return (civil.year - 1970) * 12 + civil.month - 1;
}

}  // namespace

Result<Windows> Windows::make(const flux::Duration& every, const flux::Duration& period,
                              const flux::Duration& offset) {
  if (every.is_mixed() || period.is_mixed())
    return Error{Errc::invalid,
                 "duration used as an interval cannot mix month and nanosecond units"};
  if (every.is_zero()) return Error{Errc::invalid, "duration used as an interval cannot be zero"};
  if (every.negative) return Error{Errc::invalid, "every must not be negative"};
  Windows windows;
  windows.every_ = every;
  windows.period_ = period.is_zero() ? every : period;
  windows.offset_ = offset;
  windows.infinite_ = every.months == 0 && every.nanoseconds == kInfiniteDurationNs;
  windows.consecutive_ = windows.period_ == every;
  if (every.months == 0 && offset.months != 0)
    return Error{Errc::invalid, "an offset of months needs windows of months"};
  if (approximate_ns(windows.period_) / approximate_ns(every) > kOverlapMax)
    return Error{Errc::invalid, "windows overlap too much: period holds more than " +
                                    std::to_string(kOverlapMax) + " times every"};
  return windows;
}

int64_t Windows::start(int64_t index) const {
  if (every_.months != 0) {
    auto at = flux::add(0, flux::Duration::of_months(index * every_.months));
    if (!at.ok()) return index < 0 ? kFluxTimeMin : kFluxTimeMax;
    return add_duration(*at, offset_);
  }
  int64_t at = 0;
  if (__builtin_mul_overflow(index, every_.nanoseconds, &at))
    return index < 0 ? kFluxTimeMin : kFluxTimeMax;
  return add_duration(at, offset_);
}

int64_t Windows::index_at(int64_t time_ns) const {
  if (infinite_) return 0;
  int64_t index = 0;
  if (every_.months != 0) {
    int64_t shifted = add_duration(time_ns, offset_.negated());
    index = floor_divide(months_since_epoch(shifted), every_.months);
  } else if (offset_.months == 0) {
    // In 128 bits: near the ends of time an offset would overflow.
    __int128 shifted = static_cast<__int128>(time_ns) - offset_.signed_ns();
    __int128 quotient = shifted / every_.nanoseconds;
    if (shifted % every_.nanoseconds < 0) --quotient;
    index = static_cast<int64_t>(quotient);
  } else {
    index = floor_divide(add_duration(time_ns, offset_.negated()), every_.nanoseconds);
  }
  // Months of different lengths in an offset may be off by one.
  while (start(index) > time_ns) --index;
  while (start(index + 1) <= time_ns && start(index + 1) > start(index)) ++index;
  return index;
}

Bounds Windows::bounds(int64_t index) const {
  if (infinite_) return {kFluxTimeMin, kFluxTimeMax};
  int64_t from = start(index), to = add_duration(from, period_);
  return {std::min(from, to), std::max(from, to)};
}

int64_t Windows::first_in(int64_t start_ns) const {
  if (infinite_) return 0;
  int64_t index = index_at(start_ns);
  while (bounds(index - 1).stop_ns > start_ns && bounds(index - 1).start_ns < start_ns) --index;
  while (bounds(index).stop_ns <= start_ns) ++index;
  return index;
}

int64_t Windows::last_in(int64_t stop_ns) const {
  if (infinite_) return 0;
  int64_t index = index_at(stop_ns - 1);
  while (bounds(index + 1).start_ns < stop_ns && bounds(index + 1).stop_ns > stop_ns - 1) ++index;
  return index;
}

}  // namespace weir::query
