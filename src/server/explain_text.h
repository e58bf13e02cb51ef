// What a query did and cost, as the API tells it, as a table that a person reads.
//
// Used by `weir query --explain` alone.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::server {

// `json` is the answer of POST /api/v2/query?explain=true; anything else is Errc::invalid.
Result<std::string> explanation_text(std::string_view json);

}  // namespace weir::server
