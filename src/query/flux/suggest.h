// What an editor can offer: a package's functions with their parameters and the types of those.
//
// Types are words: "bool", "string", "function", "stream", "array", "object", ...; "invalid" where
// a parameter takes several. From signatures.h, or what the library itself knows. Any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "query/flux/builtin.h"

namespace weir::query::flux {

using ParameterTypes = std::map<std::string, std::string>;
std::map<std::string, ParameterTypes> functions_of(const Registry& registry,
                                                   std::string_view package);

}  // namespace weir::query::flux
