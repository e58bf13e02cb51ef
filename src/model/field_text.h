// A field's value as line protocol writes it, except strings: 1.5, 42i, 42u, true.
//
// Accepts exactly what InfluxDB 2.7 does: `1.`, `.5`, `1e3`, no NaN, infinities, hexadecimal or
// `+`; integers within their range. A failure is InfluxDB's reason ("invalid number", ...).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/value.h"

namespace weir::model {

// The common shapes; nothing for the others and for everything wrong.
inline std::optional<FieldValue> parse_plain_value(std::string_view text);
// Every shape; sets `reason` on failure.
std::optional<FieldValue> parse_value(std::string_view text, std::string& reason);

// Appends what parse_value() reads back to the same bits; strings in quotes. Finite floats only.
void append_value(std::string& out, FieldValue value);

// ---- the hot path, inline ----

// Powers of ten that are exact doubles: mantissa / 10^k rounds once and hence correctly (Clinger).
inline constexpr double kExactPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

inline std::optional<FieldValue> parse_plain_value(std::string_view text) {
  constexpr size_t kSizeMax = 19;  // sign or point, and at most 18 digits: below 2^63
  const char* at = text.data();
  const char* end = at + text.size();
  if (text.empty() || text.size() > kSizeMax) return std::nullopt;
  const bool negative = *at == '-';
  if (negative) at++;
  uint64_t mantissa = 0;
  const char* digits_begin = at;
  for (; at < end && static_cast<unsigned char>(*at - '0') < 10; at++) {
    mantissa = mantissa * 10 + static_cast<uint64_t>(*at - '0');
  }
  if (at == digits_begin) return std::nullopt;
  auto make_float = [&](size_t decimals) -> std::optional<FieldValue> {
    if (mantissa >= uint64_t{1} << 53) return std::nullopt;
    const double value = static_cast<double>(mantissa) / kExactPowersOfTen[decimals];
    return FieldValue::of_float(negative ? -value : value);
  };
  if (at == end) return make_float(0);
  if (*at == '.') {
    const char* point = at++;
    for (; at < end && static_cast<unsigned char>(*at - '0') < 10; at++) {
      mantissa = mantissa * 10 + static_cast<uint64_t>(*at - '0');
    }
    if (at != end) return std::nullopt;
    return make_float(static_cast<size_t>(at - point - 1));
  }
  if (at + 1 != end) return std::nullopt;
  if (*at == 'i') {
    const auto value = static_cast<int64_t>(mantissa);
    return FieldValue::of_int(negative ? -value : value);
  }
  if (*at == 'u' && !negative) return FieldValue::of_uint(mantissa);
  return std::nullopt;
}

}  // namespace weir::model
