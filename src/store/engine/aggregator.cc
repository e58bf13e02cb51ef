#include "store/engine/aggregator.h"

#include <algorithm>
#include <bit>

#include "store/write_rules.h"

namespace weir::store {

using model::FieldType;

bool can_summarise(const ScanSpec& spec, const ColumnHeader& column) {
  if (spec.aggregate == Aggregate::none) return false;
  if (!column.statistics && spec.aggregate != Aggregate::count) return false;
  if (column.time_first_ns < spec.start_ns || column.time_last_ns >= spec.stop_ns) return false;
  if (spec.window_every_ns <= 0) return true;
  return window_start(column.time_first_ns, spec.window_every_ns, spec.window_offset_ns) ==
         window_start(column.time_last_ns, spec.window_every_ns, spec.window_offset_ns);
}

Aggregator::Bounds Aggregator::bounds_of(int64_t time_ns) const {
  Bounds bounds{spec_.start_ns, spec_.stop_ns - 1};
  if (spec_.window_every_ns <= 0) return bounds;
  int64_t start = window_start(time_ns, spec_.window_every_ns, spec_.window_offset_ns);
  bounds.start_ns = std::max(start, spec_.start_ns);
  // As a difference: the last window of all may end beyond the largest time.
  if (start < spec_.stop_ns &&
      uint64_t(spec_.stop_ns) - uint64_t(start) > uint64_t(spec_.window_every_ns)) {
    bounds.last_ns = start + (spec_.window_every_ns - 1);
  }
  return bounds;
}

// Makes it the current window.
void Aggregator::enter_window(const Bounds& bounds, model::ColumnChunk& out) {
  if (window_.count > 0 && bounds.last_ns == window_.last_ns) return;
  finish(out);
  window_.start_ns = bounds.start_ns;
  window_.last_ns = bounds.last_ns;
}

void Aggregator::add(const FieldRun& run, model::ColumnChunk& out) {
  ListedTimes times(run.times.data());
  add_rows(times, run.bits.data(), 0, run.rows(), out);
}

void Aggregator::add(const ColumnRows& rows, model::ColumnChunk& out) {
  if (rows.regular) {
    RegularTimes times = *rows.regular;
    return add_rows(times, rows.bits.data(), rows.begin, rows.end, out);
  }
  ListedTimes times(rows.times);
  add_rows(times, rows.bits.data(), rows.begin, rows.end, out);
}

template <class Times>
void Aggregator::add_rows(Times& times, const uint64_t* bits, size_t row, size_t end,
                          model::ColumnChunk& out) {
  if (type_ == FieldType::float64 &&
      (spec_.aggregate == Aggregate::sum || spec_.aggregate == Aggregate::mean)) {
    return add_float_sums(times, bits, row, end, out);
  }
  while (row < end) {
    enter_window(bounds_of(times.at(row)), out);
    size_t next = times.end_of(row, end, window_.last_ns);
    switch (type_) {
      case FieldType::float64:
        add_numbers<double>(times, bits, row, next);
        break;
      case FieldType::int64:
        add_numbers<int64_t>(times, bits, row, next);
        break;
      case FieldType::uint64:
        add_numbers<uint64_t>(times, bits, row, next);
        break;
      default:  // count, first and last only
        if (spec_.aggregate == Aggregate::last) {
          choose(bits[next - 1], times.at(next - 1));
        } else if (spec_.aggregate == Aggregate::first && window_.count == 0) {
          choose(bits[row], times.at(row));
        }
    }
    window_.count += next - row;
    row = next;
  }
}

namespace {

// A processor adds four numbers in the time of one, if none of them waits for another. So four
// windows are added up side by side, each in time order; and of what is left of one, if it is more
// than a row group holds, four parts: a joined chunk's.
constexpr size_t kLanes = 4;
constexpr size_t kLanesRows = 2048;

double in_order(const uint64_t* bits, size_t count, double sum) {
  for (size_t i = 0; i < count; i++) sum += std::bit_cast<double>(bits[i]);
  return sum;
}

double in_lanes(const uint64_t* bits, size_t count, double sum) {
  double lanes[kLanes] = {};
  size_t part = count / kLanes;
  for (size_t i = 0; i < part; i++) {
    for (size_t lane = 0; lane < kLanes; lane++) {
      lanes[lane] += std::bit_cast<double>(bits[lane * part + i]);
    }
  }
  for (double lane : lanes) sum += lane;
  return in_order(bits + kLanes * part, count - kLanes * part, sum);
}

}  // namespace

template <class Times>
void Aggregator::add_float_sums(Times& times, const uint64_t* bits, size_t row, size_t end,
                                model::ColumnChunk& out) {
  while (row < end) {
    Stretch stretches[kLanes];
    size_t count = 0, common = end - row;
    for (; count < kLanes && row < end; count++) {
      Stretch& stretch = stretches[count];
      stretch.window = bounds_of(times.at(row));
      stretch.begin = row;
      stretch.end = row = times.end_of(row, end, stretch.window.last_ns);
      common = std::min(common, stretch.end - stretch.begin);
    }
    bool goes_on = window_.count > 0 && stretches[0].window.last_ns == window_.last_ns;
    if (goes_on) stretches[0].sum = window_.float_sum;
    if (count == kLanes) {
      double sums[kLanes];
      for (size_t lane = 0; lane < kLanes; lane++) sums[lane] = stretches[lane].sum;
      for (size_t i = 0; i < common; i++) {
        for (size_t lane = 0; lane < kLanes; lane++) {
          sums[lane] += std::bit_cast<double>(bits[stretches[lane].begin + i]);
        }
      }
      for (size_t lane = 0; lane < kLanes; lane++) stretches[lane].sum = sums[lane];
    } else {
      common = 0;
    }
    for (size_t i = 0; i < count; i++) {
      const Stretch& stretch = stretches[i];
      size_t left = stretch.end - stretch.begin - common;
      const uint64_t* rest = bits + stretch.end - left;
      enter_window(stretch.window, out);
      window_.float_sum =
          left < kLanesRows ? in_order(rest, left, stretch.sum) : in_lanes(rest, left, stretch.sum);
      window_.count += stretch.end - stretch.begin;
    }
  }
}

template <class T, class Times>
void Aggregator::add_numbers(const Times& times, const uint64_t* bits, size_t begin, size_t end) {
  switch (spec_.aggregate) {
    case Aggregate::sum:
    case Aggregate::mean: {  // of integers; those of doubles are elsewhere
      uint64_t sum = window_.bits_sum;
      for (size_t row = begin; row < end; row++) sum += bits[row];
      window_.bits_sum = sum;
      return;
    }
    case Aggregate::first:
      if (window_.count == 0) choose(bits[begin], times.at(begin));
      return;
    case Aggregate::last:
      return choose(bits[end - 1], times.at(end - 1));
    case Aggregate::min:
    case Aggregate::max:
      return add_extremes<T>(times, bits, begin, end);
    default:
      return;
  }
}

template <class T, class Times>
void Aggregator::add_extremes(const Times& times, const uint64_t* bits, size_t begin, size_t end) {
  size_t row = begin;
  if (window_.count == 0) choose(bits[row], times.at(row)), row++;
  T best = std::bit_cast<T>(window_.chosen);
  size_t best_row = end;
  bool wants_min = spec_.aggregate == Aggregate::min;
  for (; row < end; row++) {
    T value = std::bit_cast<T>(bits[row]);
    if (wants_min ? value < best : value > best) best = value, best_row = row;
  }
  if (best_row < end) choose(bits[best_row], times.at(best_row));
}

void Aggregator::choose(uint64_t bits, int64_t time_ns) {
  window_.chosen_time_ns = time_ns;
  if (type_ == FieldType::string) {
    window_.chosen_text = string_of(bits);
  } else {
    window_.chosen = bits;
  }
}

bool Aggregator::is_better(uint64_t bits) const {
  auto compare = [&](auto value, auto best) {
    return spec_.aggregate == Aggregate::min ? value < best : value > best;
  };
  switch (type_) {
    case FieldType::float64:
      return compare(std::bit_cast<double>(bits), std::bit_cast<double>(window_.chosen));
    case FieldType::int64:
      return compare(static_cast<int64_t>(bits), static_cast<int64_t>(window_.chosen));
    default:
      return compare(bits, window_.chosen);
  }
}

void Aggregator::add_summary(const ColumnHeader& column, model::ColumnChunk& out) {
  enter_window(bounds_of(column.time_first_ns), out);
  if (column.statistics) {
    const ColumnStatistics& statistics = *column.statistics;
    switch (spec_.aggregate) {
      case Aggregate::sum:
      case Aggregate::mean:
        window_.float_sum += std::bit_cast<double>(statistics.sum);
        window_.bits_sum += statistics.sum;
        break;
      case Aggregate::first:
        if (window_.count == 0) choose(statistics.first, column.time_first_ns);
        break;
      case Aggregate::last:
        choose(statistics.last, column.time_last_ns);
        break;
      case Aggregate::min:
        if (window_.count == 0 || is_better(statistics.min)) {
          choose(statistics.min, statistics.time_of_min_ns);
        }
        break;
      case Aggregate::max:
        if (window_.count == 0 || is_better(statistics.max)) {
          choose(statistics.max, statistics.time_of_max_ns);
        }
        break;
      default:
        break;
    }
  }
  window_.count += column.count;
}

void Aggregator::finish(model::ColumnChunk& out) {
  if (window_.count == 0) return;
  out.window_starts.push_back(window_.start_ns);
  if (spec_.as_parts && !selects(spec_.aggregate)) out.counts.push_back(window_.count);
  switch (given_aggregate(spec_)) {
    case Aggregate::count:
      out.append(window_.start_ns, model::FieldValue::of_int(static_cast<int64_t>(window_.count)));
      break;
    case Aggregate::sum:
      out.append(window_.start_ns, value_of(type_, type_ == FieldType::float64
                                                       ? std::bit_cast<uint64_t>(window_.float_sum)
                                                       : window_.bits_sum));
      break;
    case Aggregate::mean: {
      double sum = type_ == FieldType::float64 ? window_.float_sum
                   : type_ == FieldType::int64
                       ? static_cast<double>(static_cast<int64_t>(window_.bits_sum))
                       : static_cast<double>(window_.bits_sum);
      out.append(window_.start_ns,
                 model::FieldValue::of_float(sum / static_cast<double>(window_.count)));
      break;
    }
    default:
      out.append(window_.chosen_time_ns, type_ == FieldType::string
                                             ? model::FieldValue::of_string(window_.chosen_text)
                                             : value_of(type_, window_.chosen));
  }
  window_ = {};
}

}  // namespace weir::store
