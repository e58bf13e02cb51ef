// Nelder-Mead: the minimum of a function of several variables, by a simplex that reflects, expands
// and contracts; no derivatives.
//
// The objective may change the point that it is given (keep it within limits, say); the changed
// point then counts. Used by holtWinters().
// Spec: Nelder and Mead, "A simplex method for function minimization" (1965), in the version of
// M. F. Hutt, whose choices among equals other implementations of holtWinters() share.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"

namespace weir::query {

using Objective = std::function<double(std::vector<double>& point)>;

struct Minimum {
  double value = 0;
  std::vector<double> point;
};

// Stops when the values at all corners lie within `epsilon`, or after kNelderMeadStepsMax steps.
// `check` is asked once a step; its error ends the search.
inline constexpr int kNelderMeadStepsMax = 1000;
Result<Minimum> minimize(const Objective& objective, const std::vector<double>& start,
                         double epsilon, const std::function<Result<void>()>& check);

}  // namespace weir::query
