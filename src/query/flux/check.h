// Static checks before a script runs: names, arguments and types.
//
// Finds undefined identifiers, packages and members, duplicate assignments, calls of known
// functions with missing, unknown or duplicate arguments, and types that do not agree (infer.h).
// Reports everything found, in source order. Any thread.
// Spec: Flux specification, "Assignment and scope", "Call expressions".
#pragma once

#include <vector>

#include "base/result.h"
#include "query/flux/ast.h"
#include "query/flux/builtin.h"
#include "query/flux/parser.h"

namespace weir::query::flux {

std::vector<SyntaxError> find_errors(const ast::Package& package, const Registry& registry);

// Ok, or Errc::invalid "compilation failed: error @l:c-l:c: undefined identifier x" and so on, an
// error a line.
Result<void> check(const ast::Package& package, const Registry& registry);

}  // namespace weir::query::flux
