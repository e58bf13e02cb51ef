// The formatter: a syntax tree as canonical Flux source.
//
// Parsing the result gives the same tree (locations apart) and the same comments. A comment stays
// before the statement, the item of a list or the call of a pipeline that it stands before, or
// behind what it stands behind; one in the middle of anything else moves behind it. Any thread;
// cannot fail.
#pragma once

#include <string>

#include "query/flux/ast.h"

namespace weir::query::flux {

std::string format(const ast::File& file);
std::string format(const ast::Expression& expression);

}  // namespace weir::query::flux
