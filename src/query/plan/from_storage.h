// Whether a pipeline hands on what storage holds, as it is ordered there: some functions then
// follow InfluxDB's storage, which answers them itself, rather than the order of rows.
#pragma once

#include "query/plan/stream.h"

namespace weir::query {

// from() |> range() and filters.
bool is_from_storage(const TableStream& stream);
// group(columns: ...) of the above, by tags, measurement or field: first() and last() after it are
// the oldest and the newest row of all series of a group.
bool is_storage_group(const TableStream& stream);

}  // namespace weir::query
