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

double approximate_ns(const flux::Duration& duration) {
  constexpr double kMonthNs = 30 * 86'400e9;
  return static_cast<double>(duration.months) * kMonthNs +
         static_cast<double>(duration.nanoseconds);
}

int64_t months_since_epoch(int64_t time_ns) {
  flux::CivilTime civil = flux::civil_from_ns(time_ns);
  return (civil.year - 1970) * 12 + civil.month - 1;
}

}  // namespace

Result<Windows> Windows::make(const flux::Duration& every, const flux::Duration& period,
                              const flux::Duration& offset, flux::Zone zone) {
  if (every.is_mixed())
    return Error{Errc::invalid,
                 "duration used as an interval cannot mix month and nanosecond units"};
  if (every.is_zero()) return Error{Errc::invalid, "duration used as an interval cannot be zero"};
  if (every.negative)
    return Error{Errc::invalid, "duration used as an interval cannot be negative"};
  Windows windows;
  windows.every_ = every;
  windows.period_ = period.is_zero() ? every : period;
  windows.offset_ = offset;
  windows.zone_ = std::move(zone);
  windows.zero_ns_ = add_duration(0, offset);
  windows.infinite_ = every.months == 0 && every.nanoseconds == kInfiniteDurationNs;
  windows.consecutive_ = windows.period_ == every;
  if (approximate_ns(windows.period_) / approximate_ns(every) > kOverlapMax)
    return Error{Errc::invalid, "windows overlap too much: period holds more than " +
                                    std::to_string(kOverlapMax) + " times every"};
  return windows;
}

int64_t Windows::to_utc(int64_t local_ns) const {
  if (zone_.is_utc()) return local_ns;
  return std::clamp(zone_.to_utc(local_ns), kFluxTimeMin, kFluxTimeMax);
}

int64_t Windows::local_start(int64_t index) const {
  if (every_.months != 0) {
    int64_t months = 0;
    if (__builtin_mul_overflow(index, every_.months, &months))
      return index < 0 ? kFluxTimeMin : kFluxTimeMax;
    return add_duration(zero_ns_, flux::Duration::of_months(months));
  }
  int64_t at = 0;
  if (__builtin_mul_overflow(index, every_.nanoseconds, &at))
    return index < 0 ? kFluxTimeMin : kFluxTimeMax;
  return saturating_add(zero_ns_, at);
}

int64_t Windows::index_at(int64_t time_ns) const {
  if (infinite_) return 0;
  int64_t local = zone_.is_utc() ? time_ns : zone_.to_local(time_ns);
  int64_t index = 0;
  if (every_.months != 0) {
    int64_t months = months_since_epoch(local) - months_since_epoch(zero_ns_);
    index = floor_divide(months, every_.months);
  } else {
    // In 128 bits: near the ends of time an offset would overflow.
    __int128 shifted = static_cast<__int128>(local) - zero_ns_;
    __int128 quotient = shifted / every_.nanoseconds;
    if (shifted % every_.nanoseconds < 0) --quotient;
    index = static_cast<int64_t>(quotient);
  }
  // Days of the month in the offset, and clocks that jump, may put it one off. An hour that the
  // clocks skip leaves a window without time.
  while (start(index) > time_ns) --index;
  while (start(index + 1) <= time_ns && start(index + 2) > start(index)) ++index;
  return index;
}

Bounds Windows::bounds(int64_t index) const {
  if (infinite_) return {kFluxTimeMin, kFluxTimeMax};
  int64_t local = local_start(index);
  int64_t from = to_utc(local), to = to_utc(add_duration(local, period_));
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
