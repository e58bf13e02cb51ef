// Static types of a script: what does not agree, before it runs.
//
// Infers the type of every expression as Flux does (Hindley and Milner's inference over records as
// rows, with kinds), from literals, operators and the library's signatures (signatures.h). What has
// no known signature, and whatever the checks of names (check.h) complain of, is `any` and agrees
// with everything. Sums and differences of times and durations are accepted beyond InfluxDB.
// Reports problems in source order; a script that is too much work has none. Any thread.
// Spec: Flux specification, "Types", "Polymorphism".
#pragma once

#include <vector>

#include "query/flux/ast.h"
#include "query/flux/builtin.h"
#include "query/flux/parser.h"

namespace weir::query::flux {

std::vector<SyntaxError> find_type_errors(const ast::Package& package, const Registry& registry);

}  // namespace weir::query::flux
