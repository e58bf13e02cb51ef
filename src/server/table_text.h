// Annotated CSV, as the API answers a query, to what a person or a script wants to read.
//
// Used by `weir query` alone. The input is the API's own output with the three annotations;
// anything else is Errc::invalid.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::server {

// One aligned text table for each stream table; the group key stands above it, once.
Result<std::string> csv_to_text_tables(std::string_view csv);
// One JSON object a row, a line each; numbers and booleans typed, nulls left out.
Result<std::string> csv_to_json_lines(std::string_view csv);

}  // namespace weir::server
