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

// Makes the window that holds `time_ns` the current one.
void Aggregator::enter_window(int64_t time_ns, model::ColumnChunk& out) {
  if (window_.count > 0 && time_ns <= window_.last_ns) return;
  finish(out);
  window_.start_ns = spec_.start_ns;
  window_.last_ns = spec_.stop_ns - 1;
  if (spec_.window_every_ns <= 0) return;
  int64_t start = window_start(time_ns, spec_.window_every_ns, spec_.window_offset_ns);
  window_.start_ns = std::max(start, spec_.start_ns);
  // As a difference: the last window of all may end beyond the largest time.
  if (start < spec_.stop_ns &&
      uint64_t(spec_.stop_ns) - uint64_t(start) > uint64_t(spec_.window_every_ns)) {
    window_.last_ns = start + (spec_.window_every_ns - 1);
  }
}

void Aggregator::add(const FieldRun& run, model::ColumnChunk& out) {
  for (size_t row = 0; row < run.rows();) {
    enter_window(run.times[row], out);
    size_t end = run.rows();
    if (run.times.back() > window_.last_ns) {
      end = row + 1;
      while (run.times[end] <= window_.last_ns) end++;
    }
    switch (type_) {
      case FieldType::float64:
        add_numbers<double>(run, row, end);
        break;
      case FieldType::int64:
        add_numbers<int64_t>(run, row, end);
        break;
      case FieldType::uint64:
        add_numbers<uint64_t>(run, row, end);
        break;
      default:  // count, first and last only
        if (spec_.aggregate == Aggregate::last) {
          choose(run.bits[end - 1], run.times[end - 1]);
        } else if (spec_.aggregate == Aggregate::first && window_.count == 0) {
          choose(run.bits[row], run.times[row]);
        }
    }
    window_.count += end - row;
    row = end;
  }
}

template <class T>
void Aggregator::add_numbers(const FieldRun& run, size_t begin, size_t end) {
  switch (spec_.aggregate) {
    case Aggregate::sum:
    case Aggregate::mean:
      if constexpr (std::is_same_v<T, double>) {
        double sum = window_.float_sum;
        for (size_t row = begin; row < end; row++) sum += std::bit_cast<double>(run.bits[row]);
        window_.float_sum = sum;
      } else {
        uint64_t sum = window_.bits_sum;
        for (size_t row = begin; row < end; row++) sum += run.bits[row];
        window_.bits_sum = sum;
      }
      return;
    case Aggregate::first:
      if (window_.count == 0) choose(run.bits[begin], run.times[begin]);
      return;
    case Aggregate::last:
      return choose(run.bits[end - 1], run.times[end - 1]);
    case Aggregate::min:
    case Aggregate::max:
      return add_extremes<T>(run, begin, end);
    default:
      return;
  }
}

template <class T>
void Aggregator::add_extremes(const FieldRun& run, size_t begin, size_t end) {
  size_t row = begin;
  if (window_.count == 0) choose(run.bits[row], run.times[row]), row++;
  T best = std::bit_cast<T>(window_.chosen);
  size_t best_row = end;
  bool wants_min = spec_.aggregate == Aggregate::min;
  for (; row < end; row++) {
    T value = std::bit_cast<T>(run.bits[row]);
    if (wants_min ? value < best : value > best) best = value, best_row = row;
  }
  if (best_row < end) choose(run.bits[best_row], run.times[best_row]);
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
  enter_window(column.time_first_ns, out);
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
