// Windows: the intervals of time that window() and aggregateWindow() cut a table into.
//
// Window i is [start(i), start(i) + period), where starts are `every` apart, counted from the Unix
// epoch plus `offset` (so weeks begin on a Thursday); months and years follow the calendar. All of
// this is told by the clock on the wall of a zone, so that a day may have 23 or 25 hours. A
// negative period puts the window before its start. `every` longer than all of time (inf) is one
// window. Windows overlap if period > every.
// Spec: Flux, window().
#pragma once

#include <cstdint>

#include "base/result.h"
#include "query/flux/duration.h"
#include "query/flux/zone.h"

namespace weir::query {

// All the time there is, as Flux has it: what windows without bounds reach to.
inline constexpr int64_t kFluxTimeMin = INT64_MIN + 2;
inline constexpr int64_t kFluxTimeMax = INT64_MAX - 1;
inline constexpr int64_t kInfiniteDurationNs = INT64_MAX;  // inf
// Windows that one time may lie in: a month of minutes is half of it. Each row is in as many.
inline constexpr int64_t kOverlapMax = 100'000;

struct Bounds {
  int64_t start_ns = 0, stop_ns = 0;  // [start, stop)
};

class Windows {
 public:
  // Errc::invalid for an `every` that is not positive or has both months and nanoseconds, and for
  // more than kOverlapMax windows over each other.
  static Result<Windows> make(const flux::Duration& every, const flux::Duration& period,
                              const flux::Duration& offset, flux::Zone zone = {});

  bool infinite() const { return infinite_; }
  // Neither gaps nor overlaps: each time lies in exactly one window.
  bool consecutive() const { return consecutive_; }
  // The window that begins last, at or before `time`.
  int64_t index_at(int64_t time_ns) const;
  Bounds bounds(int64_t index) const;
  // The first and last window that hold a time of [start, stop), which is not empty.
  int64_t first_in(int64_t start_ns) const;
  int64_t last_in(int64_t stop_ns) const;

  // In nanoseconds, if neither has months; else 0.
  int64_t every_ns() const { return every_.months == 0 ? every_.nanoseconds : 0; }
  int64_t offset_ns() const { return offset_.months == 0 ? offset_.signed_ns() : 0; }
  bool in_nanoseconds() const {
    return !infinite_ && zone_.is_utc() && every_.months == 0 && period_.months == 0 &&
           offset_.months == 0;
  }

 private:
  int64_t local_start(int64_t index) const;
  int64_t start(int64_t index) const { return to_utc(local_start(index)); }
  int64_t to_utc(int64_t local_ns) const;
  flux::Duration every_, period_, offset_;
  flux::Zone zone_;
  int64_t zero_ns_ = 0;  // local start of window 0
  bool infinite_ = false;
  bool consecutive_ = false;
};

}  // namespace weir::query
