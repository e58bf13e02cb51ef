// Package math, after Go's. Functions of null give null.
#include <cmath>
#include <limits>
#include <numbers>

#include "query/flux/stdlib/math_function.h"
#include "query/flux/stdlib/stdlib.h"

namespace weir::query::flux {
namespace {

using Two = double (*)(double, double);

void add_two(Registry& registry, std::string_view name, std::string first, std::string second,
             Two function) {
  std::string signature = "(" + first + ": float, " + second + ": float)";
  registry.add_function(
      "math", name, signature,
      [function, first, second](CallContext&, const Arguments& arguments) -> Result<Value> {
        if (!arguments.has(first) || !arguments.has(second)) return Value();
        WEIR_TRY(double a, arguments.floating(first));
        WEIR_TRY(double b, arguments.floating(second));
        return Value::of_float(function(a, b));
      });
}

double go_max(double a, double b) {
  if (std::isinf(a) && a > 0) return a;
  if (std::isinf(b) && b > 0) return b;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  return a == 0 && b == 0 ? (std::signbit(a) ? b : a) : a > b ? a : b;
}

double go_min(double a, double b) {
  if (std::isinf(a) && a < 0) return a;
  if (std::isinf(b) && b < 0) return b;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  return a == 0 && b == 0 ? (std::signbit(a) ? a : b) : a < b ? a : b;
}

void add_constants(Registry& registry) {
  auto value = [&registry](std::string_view name, double v) {
    registry.add_value("math", name, Value::of_float(v));
  };
  value("pi", std::numbers::pi);
  value("e", std::numbers::e);
  value("phi", std::numbers::phi);
  value("sqrt2", std::numbers::sqrt2);
  value("sqrte", 1.6487212707001281468);
  value("sqrtpi", 1.7724538509055160273);
  value("sqrtphi", 1.2720196495140689643);
  value("ln2", std::numbers::ln2);
  value("log2e", std::numbers::log2e);
  value("ln10", std::numbers::ln10);
  value("log10e", std::numbers::log10e);
  value("maxfloat", std::numeric_limits<double>::max());
  value("smallestNonzeroFloat", std::numeric_limits<double>::denorm_min());
  registry.add_value("math", "maxint", Value::of_int(std::numeric_limits<int64_t>::max()));
  registry.add_value("math", "minint", Value::of_int(std::numeric_limits<int64_t>::min()));
  registry.add_value("math", "maxuint", Value::of_uint(std::numeric_limits<uint64_t>::max()));
}

void add_odd_ones(Registry& registry) {
  registry.add_function("math", "pow10", "(n: int)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(int64_t n, arguments.integer("n"));
                          return Value::of_float(std::pow(10.0, static_cast<double>(n)));
                        });
  registry.add_function("math", "mInf", "(sign: int)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(int64_t sign, arguments.integer("sign"));
                          double infinity = std::numeric_limits<double>::infinity();
                          return Value::of_float(sign >= 0 ? infinity : -infinity);
                        });
  registry.add_function("math", "isInf", "(f: float, sign: int)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(double f, arguments.floating("f"));
                          WEIR_TRY(int64_t sign, arguments.integer("sign"));
                          bool wanted = sign == 0 || (sign > 0) == (f > 0);
                          return Value::of_bool(std::isinf(f) && wanted);
                        });
  registry.add_function("math", "isNaN", "(f: float)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(double f, arguments.floating("f"));
                          return Value::of_bool(std::isnan(f));
                        });
  registry.add_function("math", "signbit", "(x: float)",
                        [](CallContext&, const Arguments& arguments) -> Result<Value> {
                          WEIR_TRY(double x, arguments.floating("x"));
                          return Value::of_bool(std::signbit(x));
                        });
  registry.add_function("math", "NaN", "()", [](CallContext&, const Arguments&) -> Result<Value> {
    return Value::of_float(std::numeric_limits<double>::quiet_NaN());
  });
}

}  // namespace

void add_math_function(Registry& registry, std::string_view name, MathFunction function) {
  registry.add_function("math", name, "(x: float)",
                        [function](CallContext&, const Arguments& arguments) -> Result<Value> {
                          if (!arguments.has("x")) return Value();
                          WEIR_TRY(double x, arguments.floating("x"));
                          return Value::of_float(function(x));
                        });
}

void add_math(Registry& registry) {
  add_constants(registry);
  const std::pair<std::string_view, MathFunction> ones[] = {{"abs", std::fabs},
                                                            {"acos", std::acos},
                                                            {"acosh", std::acosh},
                                                            {"asin", std::asin},
                                                            {"asinh", std::asinh},
                                                            {"atan", std::atan},
                                                            {"atanh", std::atanh},
                                                            {"cbrt", std::cbrt},
                                                            {"ceil", std::ceil},
                                                            {"cos", std::cos},
                                                            {"cosh", std::cosh},
                                                            {"erf", std::erf},
                                                            {"erfc", std::erfc},
                                                            {"exp", std::exp},
                                                            {"exp2", std::exp2},
                                                            {"expm1", std::expm1},
                                                            {"floor", std::floor},
                                                            {"gamma", std::tgamma},
                                                            {"log", std::log},
                                                            {"log10", std::log10},
                                                            {"log1p", std::log1p},
                                                            {"log2", std::log2},
                                                            {"logb", std::logb},
                                                            {"round", std::round},
                                                            {"roundtoeven", std::nearbyint},
                                                            {"sin", std::sin},
                                                            {"sinh", std::sinh},
                                                            {"sqrt", std::sqrt},
                                                            {"tan", std::tan},
                                                            {"tanh", std::tanh},
                                                            {"trunc", std::trunc}};
  for (const auto& [name, function] : ones) add_math_function(registry, name, function);
  add_two(registry, "atan2", "y", "x", std::atan2);
  add_two(registry, "copysign", "x", "y", std::copysign);
  add_two(registry, "dim", "x", "y", std::fdim);
  add_two(registry, "hypot", "p", "q", std::hypot);
  add_two(registry, "mMax", "x", "y", go_max);
  add_two(registry, "mMin", "x", "y", go_min);
  add_two(registry, "mod", "x", "y", std::fmod);
  add_two(registry, "nextafter", "x", "y", std::nextafter);
  add_two(registry, "pow", "x", "y", std::pow);
  add_two(registry, "remainder", "x", "y", std::remainder);
  add_odd_ones(registry);
}

}  // namespace weir::query::flux
