// The order in which sort(), top() and bottom() put rows.
#pragma once

#include <string>
#include <vector>

#include "query/exec/table.h"

namespace weir::query {

// Row numbers, stably ordered by the columns in turn; columns that do not exist are skipped. Nulls
// count as greater than every value: last ascending, first descending.
std::vector<uint32_t> sorted_rows(const Columns& columns, const Chunk& chunk,
                                  const std::vector<std::string>& by, bool descending);

}  // namespace weir::query
