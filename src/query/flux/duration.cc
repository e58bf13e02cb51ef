#include "query/flux/duration.h"

#include <array>
#include <limits>

#include "query/flux/ast.h"

namespace weir::query::flux {
namespace {

struct Unit {
  std::string_view name;
  int64_t months;
  int64_t nanoseconds;
};
// Largest first: the order of canonical text.
constexpr std::array<Unit, 11> kUnits = {{
    {"y", 12, 0},
    {"mo", 1, 0},
    {"w", 0, 7 * 86'400'000'000'000},
    {"d", 0, 86'400'000'000'000},
    {"h", 0, 3'600'000'000'000},
    {"m", 0, 60'000'000'000},
    {"s", 0, 1'000'000'000},
    {"ms", 0, 1'000'000},
    {"us", 0, 1'000},
    {"ns", 0, 1},
    {"µs", 0, 1'000},  // last: read, never written
}};

Error overflow() { return {Errc::invalid, "duration is out of range"}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Duration Duration::of_ns(int64_t ns) {
  // The most negative value has no positive twin; it becomes the largest magnitude there is.
  if (ns == std::numeric_limits<int64_t>::min())
    return {0, std::numeric_limits<int64_t>::max(), true};
  return {0, ns < 0 ? -ns : ns, ns < 0};
}

Duration Duration::of_months(int64_t months) {
  if (months == std::numeric_limits<int64_t>::min())
    return {std::numeric_limits<int64_t>::max(), 0, true};
  return {months < 0 ? -months : months, 0, months < 0};
}

Duration duration_unit(std::string_view unit) {
  for (const Unit& known : kUnits)
    if (known.name == unit) return {known.months, known.nanoseconds, false};
  return {};
}

Result<Duration> parse_duration(std::string_view text) {
  std::string_view rest = text;
  Duration total;
  bool negative = !rest.empty() && rest.front() == '-';
  if (negative) rest.remove_prefix(1);
  auto wrong = [&]() {
    return Error{Errc::invalid, "invalid duration \"" + std::string(text) +
                                    "\": wanted numbers with units, such as 1h30m"};
  };
  if (rest.empty()) return wrong();
  while (!rest.empty()) {
    int64_t magnitude = 0;
    size_t digits = 0;
    for (; digits < rest.size() && is_digit(rest[digits]); ++digits)
      if (__builtin_mul_overflow(magnitude, 10, &magnitude) ||
          __builtin_add_overflow(magnitude, rest[digits] - '0', &magnitude))
        return overflow();
    if (digits == 0) return wrong();
    rest.remove_prefix(digits);
    size_t letters = 0;
    while (letters < rest.size() && !is_digit(rest[letters])) ++letters;
    Duration unit = duration_unit(rest.substr(0, letters));
    if (unit.is_zero()) return wrong();
    rest.remove_prefix(letters);
    WEIR_TRY(Duration part, multiply(unit, magnitude));
    WEIR_TRY(total, add(total, part));
  }
  total.negative = negative && !total.is_zero();
  return total;
}

Result<Duration> duration_of(const ast::DurationLiteral& literal) {
  Duration total;
  for (const ast::DurationPart& part : literal.parts) {
    Duration unit = duration_unit(part.unit);
    if (unit.is_zero()) return Error{Errc::invalid, "unknown duration unit \"" + part.unit + "\""};
    WEIR_TRY(Duration magnitude, multiply(unit, part.magnitude));
    WEIR_TRY(total, add(total, magnitude));
  }
  return total;
}

Result<Duration> add(const Duration& a, const Duration& b) {
  int64_t months = 0, nanoseconds = 0;
  if (__builtin_add_overflow(a.signed_months(), b.signed_months(), &months) ||
      __builtin_add_overflow(a.signed_ns(), b.signed_ns(), &nanoseconds))
    return overflow();
  if ((months < 0 && nanoseconds > 0) || (months > 0 && nanoseconds < 0))
    return Error{Errc::invalid, "cannot add " + to_string(a) + " and " + to_string(b) +
                                    ": months and smaller units would differ in sign"};
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  if (months == kMin || nanoseconds == kMin) return overflow();
  bool negative = months < 0 || nanoseconds < 0;
  return Duration{negative ? -months : months, negative ? -nanoseconds : nanoseconds, negative};
}

Result<Duration> multiply(const Duration& a, int64_t factor) {
  int64_t months = 0, nanoseconds = 0;
  if (factor == std::numeric_limits<int64_t>::min()) return overflow();
  int64_t magnitude = factor < 0 ? -factor : factor;
  if (__builtin_mul_overflow(a.months, magnitude, &months) ||
      __builtin_mul_overflow(a.nanoseconds, magnitude, &nanoseconds))
    return overflow();
  Duration product{months, nanoseconds, false};
  product.negative = !product.is_zero() && a.negative != (factor < 0);
  return product;
}

std::string to_string(const Duration& duration) {
  if (duration.is_zero()) return "0ns";
  std::string text = duration.negative ? "-" : "";
  int64_t months = duration.months, nanoseconds = duration.nanoseconds;
  for (const Unit& unit : kUnits) {
    int64_t& rest = unit.months != 0 ? months : nanoseconds;
    int64_t size = unit.months != 0 ? unit.months : unit.nanoseconds;
    if (rest < size) continue;
    text += std::to_string(rest / size);
    text += unit.name;
    rest %= size;
  }
  return text;
}

}  // namespace weir::query::flux
