// Package math: functions that give records or take integers, bit patterns, Bessel and inverse
// error functions. Names and limits are Go's.
#include <bit>
#include <cmath>
#include <limits>

#include "query/flux/stdlib/math_function.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// x with erf(x) == y: a rough estimate (Giles, "Approximating the erfinv function") made exact by
// Newton's method on erfc, which keeps its digits where erf is next to 1.
double inverse_erfc_of(double complement) {
  // complement in (0, 1]: x >= 0.
  double w = -std::log(complement * (2 - complement));
  double x = 0;
  if (w < 5) {
    w -= 2.5;
    constexpr double kNear[] = {2.81022636e-08,  3.43273939e-07, -3.5233877e-06,
                                -4.39150654e-06, 0.00021858087,  -0.00125372503,
                                -0.00417768164,  0.246640727,    1.50140941};
    for (double c : kNear) x = x * w + c;
  } else {
    w = std::sqrt(w) - 3;
    constexpr double kFar[] = {-0.000200214257, 0.000100950558, 0.00134934322,
                               -0.00367342844,  0.00573950773,  -0.0076224613,
                               0.00943887047,   1.00167406,     2.83297682};
    for (double c : kFar) x = x * w + c;
  }
  x *= 1 - complement;
  for (int step = 0; step < 4; ++step) {
    double error = std::erfc(x) - complement;
    double slope = 2 / std::sqrt(M_PI) * std::exp(-x * x);
    if (slope == 0) break;
    double delta = error / slope;
    x += delta / (1 + x * delta);  // Halley's correction
  }
  return x;
}

double erfinv(double x) {
  if (std::isnan(x) || x < -1 || x > 1) return kNan;
  if (x == 1 || x == -1) return x * kInfinity;
  if (x == 0) return x;
  // Below one half 1 - x loses digits, so Newton runs on erf itself.
  if (std::fabs(x) < 0.5) {
    double y = std::copysign(inverse_erfc_of(1 - std::fabs(x)), x);
    for (int step = 0; step < 2; ++step)
      y -= (std::erf(y) - x) / (2 / std::sqrt(M_PI) * std::exp(-y * y));
    return y;
  }
  return std::copysign(inverse_erfc_of(1 - std::fabs(x)), x);
}

double erfcinv(double x) {
  if (std::isnan(x) || x < 0 || x > 2) return kNan;
  if (x == 0) return kInfinity;
  if (x == 2) return -kInfinity;
  if (x == 1) return 0;
  return x < 1 ? (x < 0.5 ? inverse_erfc_of(x) : erfinv(1 - x)) : -erfcinv(2 - x);
}

using ByOrder = double (*)(int, double);
void add_by_order(Registry& registry, std::string_view name, ByOrder function) {
  registry.add_function("math", name, "(n: int, x: float)",
                        [function](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(int64_t n, arguments.integer("n"));
                          WEIR_TRY(double x, arguments.floating("x"));
                          if (n < INT32_MIN || n > INT32_MAX) return Value::of_float(0);
                          return Value::of_float(function(static_cast<int>(n), x));
                        });
}

Value pair(std::string_view first, Value a, std::string_view second, Value b) {
  Record record;
  record.set(first, std::move(a));
  record.set(second, std::move(b));
  return Value::of_record(std::move(record));
}

Result<Value> frexp_of(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double f, arguments.floating("f"));
  int exponent = 0;
  double fraction = std::frexp(f, &exponent);
  if (!std::isfinite(f)) exponent = 0;
  return pair("frac", Value::of_float(fraction), "exp", Value::of_int(exponent));
}

Result<Value> ldexp_of(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double fraction, arguments.floating("frac"));
  WEIR_TRY(int64_t exponent, arguments.integer("exp"));
  exponent = std::max<int64_t>(INT32_MIN, std::min<int64_t>(INT32_MAX, exponent));
  return Value::of_float(std::ldexp(fraction, static_cast<int>(exponent)));
}

Result<Value> lgamma_of(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double x, arguments.floating("x"));
  int sign = 1;
  double value = x == -kInfinity ? -kInfinity : ::lgamma_r(x, &sign);
  if (std::isnan(x) || x == -kInfinity || (x < 0 && x == std::floor(x))) sign = 1;
  return pair("lgamma", Value::of_float(value), "sign", Value::of_int(sign < 0 ? -1 : 1));
}

Result<Value> modf_of(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double f, arguments.floating("f"));
  double whole = 0;
  double fraction = std::modf(f, &whole);
  if (!std::isfinite(f)) fraction = kNan;
  return pair("int", Value::of_float(whole), "frac", Value::of_float(fraction));
}

Result<Value> sincos_of(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double x, arguments.floating("x"));
  return pair("sin", Value::of_float(std::sin(x)), "cos", Value::of_float(std::cos(x)));
}

Result<Value> ilogb_of(CallContext&, const Arguments& arguments) {
  WEIR_TRY(double x, arguments.floating("x"));
  if (x == 0) return Value::of_int(INT32_MIN);
  if (!std::isfinite(x)) return Value::of_int(INT32_MAX);
  return Value::of_int(std::ilogb(x));
}

}  // namespace

void add_math_special(Registry& registry) {
  add_math_function(registry, "erfinv", erfinv);
  add_math_function(registry, "erfcinv", erfcinv);
  add_math_function(registry, "j0", ::j0);
  add_math_function(registry, "j1", ::j1);
  add_math_function(registry, "y0", ::y0);
  add_math_function(registry, "y1", ::y1);
  add_by_order(registry, "jn", ::jn);
  add_by_order(registry, "yn", ::yn);
  registry.add_function("math", "frexp", "(f: float)", frexp_of);
  registry.add_function("math", "ldexp", "(frac: float, exp: int)", ldexp_of);
  registry.add_function("math", "lgamma", "(x: float)", lgamma_of);
  registry.add_function("math", "modf", "(f: float)", modf_of);
  registry.add_function("math", "sincos", "(x: float)", sincos_of);
  registry.add_function("math", "ilogb", "(x: float)", ilogb_of);
  registry.add_function("math", "float64bits", "(f: float)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(double f, arguments.floating("f"));
                          return Value::of_uint(std::bit_cast<uint64_t>(f));
                        });
  registry.add_function("math", "float64frombits", "(b: uint)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(uint64_t b, arguments.unsigned_integer("b"));
                          return Value::of_float(std::bit_cast<double>(b));
                        });
}

}  // namespace weir::query::flux
