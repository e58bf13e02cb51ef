#include "ingest/device_time.h"

#include <fmt/format.h>

#include <cmath>

namespace weir::ingest {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// Nanoseconds per unit of an epoch of this size.
int64_t unit_of(uint64_t magnitude) {
  if (magnitude < 100'000'000'000) return kSecond;
  if (magnitude < 100'000'000'000'000) return 1'000'000;
  if (magnitude < 100'000'000'000'000'000) return 1'000;
  return 1;
}

uint64_t magnitude_of(int64_t value) {
  return value < 0 ? ~static_cast<uint64_t>(value) + 1 : static_cast<uint64_t>(value);
}

class TextReader {
 public:
  explicit TextReader(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }
  char peek() const { return rest_.empty() ? '\0' : rest_[0]; }
  bool take(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `count` digits, or -1.
  int64_t digits(size_t count) {
    if (rest_.size() < count) return -1;
    int64_t value = 0;
    for (size_t i = 0; i < count; i++) {
      if (rest_[i] < '0' || rest_[i] > '9') return -1;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  // Digits behind a point as nanoseconds; those past the ninth are dropped.
  int64_t fraction_ns() {
    int64_t ns = 0, scale = kSecond / 10;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; rest_.remove_prefix(1)) {
      ns += (rest_[0] - '0') * scale;
      scale /= 10;
    }
    return ns;
  }

 private:
  std::string_view rest_;
};

// Days since 1970-01-01 of a Gregorian date (Howard Hinnant's construction: years from March on).
int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

DeviceTime read_date(std::string_view text) {
  TextReader in(text);
  const int64_t year = in.digits(4);
  if (year < 0 || !in.take('-')) return {};
  const int64_t month = in.digits(2);
  if (month < 1 || month > 12 || !in.take('-')) return {};
  const int64_t day = in.digits(2);
  if (day < 1 || day > 31 || !(in.take('T') || in.take('t') || in.take(' '))) return {};
  const int64_t hour = in.digits(2);
  if (hour < 0 || hour > 24 || !in.take(':')) return {};
  const int64_t minute = in.digits(2);
  if (minute < 0 || minute > 59) return {};
  int64_t second = 0, ns = 0;
  if (in.take(':')) {
    second = in.digits(2);
    if (second < 0 || second > 60) return {};
    if (in.take('.') || in.take(',')) ns = in.fraction_ns();
  }
  if (in.at_end()) return {std::nullopt, true};
  int64_t offset_s = 0;
  if (!in.take('Z') && !in.take('z')) {
    const bool west = in.peek() == '-';
    if (!in.take('+') && !in.take('-')) return {};
    const int64_t hours = in.digits(2);
    const bool has_minutes = in.take(':') || !in.at_end();
    const int64_t minutes = has_minutes ? in.digits(2) : 0;
    if (hours < 0 || minutes < 0) return {};
    offset_s = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
  }
  if (!in.at_end() || year < 1678 || year > 2261) return {};  // what 64-bit nanoseconds can hold
  const int64_t seconds =
      days_from_civil(year, month, day) * 86'400 + hour * 3600 + minute * 60 + second - offset_s;
  return {seconds * kSecond + ns, false};
}

}  // namespace

DeviceTime read_time_integer(int64_t epoch) {
  int64_t ns = 0;
  if (__builtin_mul_overflow(epoch, unit_of(magnitude_of(epoch)), &ns)) return {};
  return {ns, false};
}

DeviceTime read_time_number(double epoch) {
  if (!(std::fabs(epoch) < 9e18)) return {};
  const int64_t unit = unit_of(static_cast<uint64_t>(std::fabs(epoch)));
  if (unit == 1) return {static_cast<int64_t>(epoch), false};
  const double us = epoch * (static_cast<double>(unit) / 1000);
  if (!(std::fabs(us) < 9.2e15)) return {};
  return {std::llround(us) * 1000, false};
}

DeviceTime read_time_text(std::string_view text) {
  TextReader in(text);
  const bool negative = in.take('-');
  uint64_t whole = 0;
  size_t digits = 0;
  for (; in.peek() >= '0' && in.peek() <= '9' && digits < 19; digits++) {
    whole = whole * 10 + static_cast<uint64_t>(in.digits(1));
  }
  if (digits == 0) return {};
  int64_t fraction_ns = 0;
  if (in.take('.')) fraction_ns = in.fraction_ns();
  if (!in.at_end()) return negative ? DeviceTime{} : read_date(text);
  if (whole > static_cast<uint64_t>(INT64_MAX)) return {};
  const int64_t unit = unit_of(whole);
  int64_t ns = 0;
  if (__builtin_mul_overflow(static_cast<int64_t>(whole), unit, &ns)) return {};
  if (__builtin_add_overflow(ns, fraction_ns / (kSecond / unit), &ns)) return {};
  return {negative ? -ns : ns, false};
}

}  // namespace weir::ingest
