// The formatter: a syntax tree as canonical Flux source.
//
// Parsing the result gives the same tree (locations apart). Comments are not in the tree and are
// lost. Any thread; cannot fail.
#pragma once

#include <string>

#include "query/flux/ast.h"

namespace weir::query::flux {

std::string format(const ast::File& file);
std::string format(const ast::Expression& expression);

}  // namespace weir::query::flux
