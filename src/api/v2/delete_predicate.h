// The predicate of POST /api/v2/delete: `_measurement="m" AND room!="hall" AND _field="f"`.
//
//   predicate  = [ expression ]
//   expression = term { "AND" term }
//   term       = "(" expression ")" | key ( "=" | "!=" ) value
//   key        = identifier | '"' text '"'
//   value      = identifier | '"' text '"' | number | duration | "true" | "false"
//
// Tokens are InfluxQL's (its specification, "Identifiers" and "Keywords"): a keyword as a key must
// be quoted. Errors carry InfluxDB's texts and the offset of the token. Unlike InfluxDB, weir
// deletes by `_field` too.
#pragma once

#include <string_view>

#include "base/result.h"
#include "store/predicate.h"

namespace weir::api::v2 {

inline constexpr size_t kPredicateBytesMax = 64 * 1024;
inline constexpr int kPredicateDepthMax = 100;  // of parentheses; each costs a stack frame

// Null for an empty predicate: everything matches.
Result<store::PredicatePtr> parse_delete_predicate(std::string_view text);

}  // namespace weir::api::v2
