#include "base/time_text.h"

#include <fmt/core.h>

#include <chrono>
#include <limits>
#include <optional>

namespace weir {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// Exactly `count` digits from the front of `text`.
std::optional<int> take_digits(std::string_view& text, size_t count) {
  if (text.size() < count) return std::nullopt;
  int number = 0;
  for (char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

// Digits beyond the ninth are cut off.
std::optional<int64_t> take_fraction_ns(std::string_view& text) {
  if (!take(text, '.')) return 0;
  int64_t nanoseconds = 0, unit = kSecond / 10;
  size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; digits++, unit /= 10) {
    nanoseconds += (text.front() - '0') * unit;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  return nanoseconds;
}

std::optional<int> take_zone_minutes(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return 0;
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const std::optional<int> hours = take_digits(text, 2);
  if (!hours || *hours > 23 || !take(text, ':')) return std::nullopt;
  const std::optional<int> minutes = take_digits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

std::optional<int64_t> parse(std::string_view text) {
  const std::optional<int> year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const std::optional<int> month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const std::optional<int> day = take_digits(text, 2);
  if (!day || !(take(text, 'T') || take(text, 't'))) return std::nullopt;
  const std::optional<int> hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const std::optional<int> minute = take_digits(text, 2);
  if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
  const std::optional<int> second = take_digits(text, 2);
  if (!second || *second > 59) return std::nullopt;
  const std::optional<int64_t> fraction_ns = take_fraction_ns(text);
  if (!fraction_ns) return std::nullopt;
  const std::optional<int> zone_minutes = take_zone_minutes(text);
  if (!zone_minutes || !text.empty()) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int64_t seconds =
      days * 86'400 + *hour * 3600 + *minute * 60 + *second - *zone_minutes * 60;
  int64_t time_ns = 0;
  if (__builtin_mul_overflow(seconds, kSecond, &time_ns) ||
      __builtin_add_overflow(time_ns, *fraction_ns, &time_ns))
    return std::nullopt;
  return time_ns;
}

// ".5", ".000001", or nothing.
std::string fraction_text(int64_t nanoseconds) {
  if (nanoseconds == 0) return {};
  std::string text = fmt::format(".{:09}", nanoseconds);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

}  // namespace

std::string rfc3339(int64_t time_ns) {
  int64_t seconds = time_ns / kSecond, nanoseconds = time_ns % kSecond;
  if (nanoseconds < 0) nanoseconds += kSecond, seconds--;
  int64_t days = seconds / 86'400, second = seconds % 86'400;
  if (second < 0) second += 86'400, days--;
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     second / 3600, second / 60 % 60, second % 60, fraction_text(nanoseconds));
}

Result<int64_t> parse_rfc3339(std::string_view text) {
  if (std::optional<int64_t> time_ns = parse(text)) return *time_ns;
  return Error{Errc::invalid, fmt::format("not a time: got `{}`, wanted RFC 3339 such as"
                                          " 2009-01-02T23:00:00Z, from 1677 to 2262",
                                          text)};
}

std::string go_duration(int64_t duration_ns) {
  if (duration_ns == 0) return "0s";
  if (duration_ns < 0) return "-" + go_duration(-duration_ns);
  if (duration_ns < 1'000) return fmt::format("{}ns", duration_ns);
  if (duration_ns < kSecond) {
    const bool micro = duration_ns < 1'000'000;
    std::string text = fmt::format("{}", static_cast<double>(duration_ns) / (micro ? 1e3 : 1e6));
    return text + (micro ? "µs" : "ms");
  }
  const int64_t seconds = duration_ns / kSecond;
  std::string text;
  if (seconds >= 3600) text += fmt::format("{}h", seconds / 3600);
  if (seconds >= 60) text += fmt::format("{}m", seconds / 60 % 60);
  return text + fmt::format("{}{}s", seconds % 60, fraction_text(duration_ns % kSecond));
}

}  // namespace weir
