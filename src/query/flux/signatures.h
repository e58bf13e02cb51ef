// The types of the standard library's members, as InfluxDB documents them ("Function type
// signature").
//
// They stand as text in signatures/*.cc, `name : type`, longer ones over several lines of which the
// later are indented; `package path` stands before those of a package, and `package path path`
// before those that two have alike:
//
//   package strings
//   toUpper : (v: string) => string
//
// and are parsed once, when the first is asked for. What has no line here has no known type. Any
// thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "query/flux/ast.h"

namespace weir::query::flux {

// nullptr: not known.
const ast::TypeExpression* find_signature(std::string_view package, std::string_view name);

// All, by package and name.
using Signatures = std::map<std::pair<std::string, std::string>, ast::TypeExpression, std::less<>>;
const Signatures& all_signatures();

// Texts, in signatures/.
extern const std::string_view kUniverseSignatures;
extern const std::string_view kScalarSignatures;
extern const std::string_view kTableSignatures;
extern const std::string_view kServiceSignatures;
extern const std::string_view kContributedSignatures;

}  // namespace weir::query::flux
