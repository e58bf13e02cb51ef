// What pivot() and the fieldsAsCols() of the schema packages share.
#pragma once

#include "query/exec/functions/kit.h"

namespace weir::query {

struct PivotOptions {
  std::vector<std::string> row_key, column_key;
  std::string value_column;
  // Rows by time, if they come so within each table; else in the order they are first seen.
  bool by_time = false;
};
Operation pivot_operation(PivotOptions options);

}  // namespace weir::query
