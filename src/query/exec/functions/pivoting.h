// What pivot() and the fieldsAsCols() of the schema packages share.
#pragma once

#include "query/exec/functions/kit.h"

namespace weir::query {

struct PivotOptions {
  std::vector<std::string> row_key, column_key;
  std::string value_column;
};
Operation pivot_operation(PivotOptions options);

}  // namespace weir::query
