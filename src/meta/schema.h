// The tables of the metadata file and how older files become today's.
//
// PRAGMA user_version is the number of migration steps a file has seen. A step that has been
// released is never edited; a change of the tables is a new step.
#pragma once

#include <cstdint>

namespace weir::meta {

inline constexpr int64_t kSchemaVersion = 1;

// The script that takes a file from `version` to `version + 1`, for 0 <= version < kSchemaVersion.
const char* migration_step(int64_t version);

}  // namespace weir::meta
