// How the files of package math offer a function of one number.
#pragma once

#include <string_view>

#include "query/flux/builtin.h"

namespace weir::query::flux {

using MathFunction = double (*)(double);
// `math.NAME(x: float)`; null of null.
void add_math_function(Registry& registry, std::string_view name, MathFunction function);

}  // namespace weir::query::flux
