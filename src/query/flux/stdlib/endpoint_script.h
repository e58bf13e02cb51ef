// How the packages that notify are registered: their script, and an endpoint() after one pattern.
#pragma once

#include <string_view>

#include "query/flux/builtin.h"

namespace weir::query::flux {

// endpoint() takes `parameters`; for each row it evaluates `call`, which reads the record `obj`
// that mapFn makes of the row `r` and gives the status of an answer, and tells in `_sent` whether
// that is one of success. `prepare` ("|> dedupKey()") comes before that. The registry is filled
// once, at start.
void add_with_endpoint(Registry& registry, std::string_view package, std::string_view script,
                       std::string_view parameters, std::string_view call,
                       std::string_view prepare = "");

}  // namespace weir::query::flux
