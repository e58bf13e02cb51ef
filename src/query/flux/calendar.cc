#include "query/flux/calendar.h"

#include <limits>

namespace weir::query::flux {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

Error out_of_range() { return {Errc::invalid, "time is out of range (1677-09-21 to 2262-04-11)"}; }

bool is_leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

// Reads exactly `count` digits at `at`; -1 if they are not there.
int64_t digits(std::string_view text, size_t at, size_t count) {
  if (at + count > text.size()) return -1;
  int64_t value = 0;
  for (char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool has(std::string_view text, size_t at, char c) { return at < text.size() && text[at] == c; }

void append_padded(std::string& out, int64_t value, int width) {
  std::string text = std::to_string(value);
  for (int i = static_cast<int>(text.size()); i < width; ++i) out += '0';
  out += text;
}

std::string format_seconds(const CivilTime& civil) {
  std::string out;
  append_padded(out, civil.year, 4);
  auto part = [&](char separator, int value) {
    out += separator;
    append_padded(out, value, 2);
  };
  part('-', civil.month);
  part('-', civil.day);
  part('T', civil.hour);
  part(':', civil.minute);
  part(':', civil.second);
  return out;
}

// The clock part "03:04:05.678" and the offset behind it; false if malformed.
bool parse_clock(std::string_view text, CivilTime& civil, int32_t& offset_seconds) {
  int64_t hour = digits(text, 0, 2), minute = digits(text, 3, 2), second = digits(text, 6, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false;
  if (!has(text, 2, ':') || !has(text, 5, ':')) return false;
  civil.hour = static_cast<int>(hour);
  civil.minute = static_cast<int>(minute);
  civil.second = static_cast<int>(second);
  size_t at = 8;
  if (has(text, at, '.')) {
    int64_t scale = kSecond;
    size_t first = ++at;
    for (; digits(text, at, 1) >= 0; ++at) {
      scale /= 10;  // digits past the ninth count for nothing
      civil.nanosecond += digits(text, at, 1) * scale;
    }
    if (at == first) return false;
  }
  if (has(text, at, 'Z')) return at + 1 == text.size();
  if (!has(text, at, '+') && !has(text, at, '-')) return false;
  int64_t offset_hour = digits(text, at + 1, 2), offset_minute = digits(text, at + 4, 2);
  if (!has(text, at + 3, ':') || at + 6 != text.size()) return false;
  if (offset_hour < 0 || offset_hour > 23 || offset_minute < 0 || offset_minute > 59) return false;
  offset_seconds = static_cast<int32_t>(offset_hour * 3600 + offset_minute * 60);
  if (text[at] == '-') offset_seconds = -offset_seconds;
  return true;
}

CivilTime civil_from_seconds(int64_t seconds) {
  int64_t days = seconds / 86'400, rest = seconds % 86'400;
  if (rest < 0) --days, rest += 86'400;
  CivilTime civil;
  int64_t shifted = days + 719'468;
  int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  int64_t day_of_era = shifted - era * 146'097;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month_from_march = (5 * day_of_year + 2) / 153;
  civil.day = static_cast<int>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
  civil.month =
      static_cast<int>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
  civil.hour = static_cast<int>(rest / 3600);
  civil.minute = static_cast<int>(rest / 60 % 60);
  civil.second = static_cast<int>(rest % 60);
  return civil;
}

Result<int64_t> add_signed(int64_t time_ns, int64_t months, int64_t nanoseconds) {
  int64_t moved = time_ns;
  if (months != 0) {
    CivilTime civil = civil_from_ns(time_ns);
    int64_t index = 0;
    if (__builtin_add_overflow(civil.year * 12 + civil.month - 1, months, &index))
      return out_of_range();
    civil.year = index >= 0 ? index / 12 : -((-index + 11) / 12);
    if (civil.year < 1600 || civil.year > 2300) return out_of_range();
    civil.month = static_cast<int>(index - civil.year * 12) + 1;
    civil.day = std::min(civil.day, days_in_month(civil.year, civil.month));
    WEIR_TRY(moved, ns_from_civil(civil));
  }
  if (__builtin_add_overflow(moved, nanoseconds, &moved)) return out_of_range();
  return moved;
}

}  // namespace

int days_in_month(int64_t year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

// Counts in 400-year eras of years that start in March, so that leap days come last.
int64_t days_from_civil(int64_t year, int month, int day) {
  if (month <= 2) --year;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

CivilTime civil_from_ns(int64_t ns) {
  int64_t seconds = ns / kSecond, rest = ns % kSecond;
  if (rest < 0) --seconds, rest += kSecond;
  CivilTime civil = civil_from_seconds(seconds);
  civil.nanosecond = rest;
  return civil;
}

Result<int64_t> ns_from_civil(const CivilTime& civil) {
  if (civil.year < 1600 || civil.year > 2300) return out_of_range();
  __int128 seconds = days_from_civil(civil.year, civil.month, civil.day) * 86'400 +
                     civil.hour * 3600 + civil.minute * 60 + civil.second;
  __int128 ns = seconds * kSecond + civil.nanosecond;
  if (ns < std::numeric_limits<int64_t>::min() || ns > std::numeric_limits<int64_t>::max())
    return out_of_range();
  return static_cast<int64_t>(ns);
}

Result<ParsedTime> parse_time(std::string_view text) {
  auto wrong = [&]() {
    return Error{Errc::invalid, "invalid time \"" + std::string(text) +
                                    "\": wanted RFC 3339, such as 2020-01-02T03:04:05Z"};
  };
  CivilTime civil;
  int64_t month = digits(text, 5, 2), day = digits(text, 8, 2);
  civil.year = digits(text, 0, 4);
  if (civil.year < 0 || !has(text, 4, '-') || !has(text, 7, '-')) return wrong();
  if (month < 1 || month > 12 || day < 1 ||
      day > days_in_month(civil.year, static_cast<int>(month)))
    return wrong();
  civil.month = static_cast<int>(month);
  civil.day = static_cast<int>(day);
  ParsedTime parsed;
  if (text.size() > 10) {
    if (text[10] != 'T' || !parse_clock(text.substr(11), civil, parsed.offset_seconds))
      return wrong();
  }
  parsed.seconds = days_from_civil(civil.year, civil.month, civil.day) * 86'400 +
                   civil.hour * 3600 + civil.minute * 60 + civil.second - parsed.offset_seconds;
  parsed.nanosecond = static_cast<int32_t>(civil.nanosecond);
  return parsed;
}

Result<int64_t> ParsedTime::ns() const {
  int64_t value = 0;
  if (__builtin_mul_overflow(seconds, kSecond, &value) ||
      __builtin_add_overflow(value, nanosecond, &value))
    return out_of_range();
  return value;
}

std::string format_time(int64_t ns) {
  int64_t seconds = ns / kSecond, rest = ns % kSecond;
  if (rest < 0) --seconds, rest += kSecond;
  return format_time(seconds, static_cast<int32_t>(rest), 0);
}

std::string format_time(int64_t seconds, int32_t nanosecond, int32_t offset_seconds) {
  std::string out = format_seconds(civil_from_seconds(seconds + offset_seconds));
  if (nanosecond != 0) {
    out += '.';
    append_padded(out, nanosecond, 9);
    out.erase(out.find_last_not_of('0') + 1);
  }
  if (offset_seconds == 0) return out + 'Z';
  int32_t magnitude = offset_seconds < 0 ? -offset_seconds : offset_seconds;
  out += offset_seconds < 0 ? '-' : '+';
  append_padded(out, magnitude / 3600, 2);
  out += ':';
  append_padded(out, magnitude / 60 % 60, 2);
  return out;
}

std::string format_time_nanos(int64_t ns) {
  CivilTime civil = civil_from_ns(ns);
  std::string out = format_seconds(civil) + '.';
  append_padded(out, civil.nanosecond, 9);
  return out + 'Z';
}

Result<int64_t> add(int64_t time_ns, const Duration& duration) {
  return add_signed(time_ns, duration.signed_months(), duration.signed_ns());
}

Result<int64_t> subtract(int64_t time_ns, const Duration& duration) {
  return add_signed(time_ns, -duration.signed_months(), -duration.signed_ns());
}

}  // namespace weir::query::flux
