// Down-sampling for line charts: of all the rows that fall on one pixel, those that shape it.
//
// Used by ColumnsWriter. The method is M4: first, smallest, largest and last value of each pixel;
// a line through them covers the same pixels as a line through all rows. (Jugel et al., "M4: A
// Visualization-Oriented Time Series Data Aggregation", 2014.)
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "query/exec/table.h"

namespace weir::query {

// The rows to keep, ascending, when a chart is `points` pixels wide. Pixels divide _start to _stop
// of the table's key, or else its times. Every numeric column outside the key counts. Nothing if
// all rows are to be kept: there are few, or no _time column that ascends.
std::optional<std::vector<uint32_t>> rows_to_draw(const Table& table, const Chunk& chunk,
                                                  size_t points);

}  // namespace weir::query
