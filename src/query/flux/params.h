// The parameters of a query: a JSON object that the script sees as the record `params`.
//
// Values become literals of a file that stands before the script, so they can never be read as
// code: strings, integers, other numbers as floats, booleans, arrays and objects. Errc::invalid for
// nulls, for what is no object, and for depths beyond kParamsDepthMax. Any thread.
// Spec: InfluxDB Cloud, "Use parameterized Flux queries".
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "query/flux/ast.h"

namespace weir::query::flux {

inline constexpr int kParamsDepthMax = 50;  // objects in objects; real ones have one or two

Result<ast::FilePtr> params_file(const nlohmann::json& params);

}  // namespace weir::query::flux
