#include "query/result/number_text.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

namespace weir::query {

namespace {

constexpr int64_t kDayNs = 86'400'000'000'000;
constexpr int64_t kSecondNs = 1'000'000'000;

char* copy(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* write_digits(char* out, uint64_t value, int width) {
  for (int i = width - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + width;
}

// `scaled` / 10^decimals, trailing zeros of the fraction cut.
char* write_decimal(char* out, uint64_t scaled, uint64_t scale, int decimals) {
  out = write_uint(out, scaled / scale);
  uint64_t fraction = scaled % scale;
  if (fraction == 0) return out;
  *out++ = '.';
  out = write_digits(out, fraction, decimals);
  while (out[-1] == '0') --out;
  return out;
}

// Places the digits of "d.ddde[+-]xx" around the decimal point.
char* write_from_scientific(char* out, double magnitude) {
  char text[40];
  char* end = std::to_chars(text, text + sizeof text, magnitude, std::chars_format::scientific).ptr;
  char digits[24];
  int count = 0, exponent = 0;
  for (char* p = text; p != end; ++p) {
    if (*p == 'e') {
      const char* number = p + 1;
      std::from_chars(*number == '+' ? number + 1 : number, end, exponent);
      break;
    }
    if (*p != '.') digits[count++] = *p;
  }
  int whole = exponent + 1;  // digits before the point
  if (whole <= 0) {
    out = copy(out, "0.");
    for (int i = whole; i < 0; ++i) *out++ = '0';
    return copy(out, std::string_view(digits, static_cast<size_t>(count)));
  }
  for (int i = 0; i < whole; ++i) *out++ = i < count ? digits[i] : '0';
  if (count <= whole) return out;
  *out++ = '.';
  return copy(out, std::string_view(digits + whole, static_cast<size_t>(count - whole)));
}

}  // namespace

char* write_int(char* out, int64_t value) {
  return std::to_chars(out, out + kIntTextMax, value).ptr;
}

char* write_uint(char* out, uint64_t value) {
  return std::to_chars(out, out + kIntTextMax, value).ptr;
}

char* write_float(char* out, double value) {
  if (std::isnan(value)) return copy(out, "NaN");
  if (std::isinf(value)) return copy(out, value > 0 ? "+Inf" : "-Inf");
  if (std::signbit(value)) *out++ = '-', value = -value;
  // Sensors report a few decimals. If n / 10^k rounds to this very double and n has at most 15
  // digits, those digits are the shortest: no other number of 15 digits rounds to it.
  if (value < 1e11) {
    static constexpr struct {
      double scale;
      int decimals;
    } kScales[] = {{1, 0}, {100, 2}, {1e4, 4}};
    for (auto [scale, decimals] : kScales) {
      auto scaled = static_cast<uint64_t>(value * scale + 0.5);
      if (static_cast<double>(scaled) / scale == value)
        return write_decimal(out, scaled, static_cast<uint64_t>(scale), decimals);
    }
  }
  return write_from_scientific(out, value);
}

char* TimeText::write(char* out, int64_t time_ns) {
  int64_t day = time_ns / kDayNs, rest = time_ns % kDayNs;
  if (rest < 0) rest += kDayNs, --day;
  if (day != day_) {
    // Civil date from days (proleptic Gregorian): years start in March so that leap days end them.
    int64_t shifted = day + 719'468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
    auto day_of_era = static_cast<uint64_t>(shifted - era * 146'097);
    uint64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t month_index = (5 * day_of_year + 2) / 153;
    uint64_t day_of_month = day_of_year - (153 * month_index + 2) / 5 + 1;
    uint64_t month = month_index < 10 ? month_index + 3 : month_index - 9;
    uint64_t year = year_of_era + static_cast<uint64_t>(era * 400) + (month <= 2 ? 1 : 0);
    char* p = write_digits(prefix_, year, 4);  // int64 nanoseconds span 1677 to 2262
    *p++ = '-';
    p = write_digits(p, month, 2);
    *p++ = '-';
    p = write_digits(p, day_of_month, 2);
    *p++ = 'T';
    prefix_size_ = static_cast<size_t>(p - prefix_);
    day_ = day;
  }
  std::memcpy(out, prefix_, prefix_size_);
  out += prefix_size_;
  auto seconds = static_cast<uint64_t>(rest / kSecondNs);
  auto nanoseconds = static_cast<uint64_t>(rest % kSecondNs);
  out = write_digits(out, seconds / 3600, 2);
  *out++ = ':';
  out = write_digits(out, seconds / 60 % 60, 2);
  *out++ = ':';
  out = write_digits(out, seconds % 60, 2);
  if (nanoseconds != 0) {
    *out++ = '.';
    out = write_digits(out, nanoseconds, 9);
    while (out[-1] == '0') --out;
  }
  *out++ = 'Z';
  return out;
}

}  // namespace weir::query
