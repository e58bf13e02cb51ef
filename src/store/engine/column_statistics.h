// The statistics that a chunk's header keeps of a column. Pure function, any thread.
#pragma once

#include <optional>

#include "store/engine/chunk_format.h"
#include "store/engine/field_run.h"

namespace weir::store {

// Of a run's values; none for booleans, strings, and with a NaN.
std::optional<ColumnStatistics> statistics_of(const FieldRun& run);

}  // namespace weir::store
