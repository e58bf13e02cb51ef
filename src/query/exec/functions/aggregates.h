// The aggregates and selectors that aggregateWindow() recognises by their functions.
#pragma once

#include <optional>
#include <variant>

#include "query/exec/aggregate.h"
#include "query/exec/functions/kit.h"

namespace weir::query {

using WindowFunction = std::variant<AggregateFunction, SelectorFunction>;

// What a call of `function` with only `tables` and `column` would compute; nothing if that is not
// one of the library's simple aggregates.
std::optional<WindowFunction> window_function(const flux::Function& function);

Operation aggregate_operation(AggregateFunction function, std::string column);
Operation selector_operation(SelectorFunction function, std::string column);

}  // namespace weir::query
