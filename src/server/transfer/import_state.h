// Where an import stands, in a small file beside its source, so that it goes on after a break.
//
// JSON, replaced as a whole (written beside, then renamed). `identity` tells whether the file is of
// this import: sources with their sizes, server, bucket, range; another's is not used. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace weir::server {

struct ImportState {
  std::string identity;
  uint64_t source = 0;   // which of the sources
  std::string position;  // within it; empty: its beginning
  uint64_t points = 0;   // stored so far
};

// Nothing if there is no file, or one that is not a state.
std::optional<ImportState> load_import_state(const std::string& path);
Result<void> save_import_state(const std::string& path, const ImportState& state);

}  // namespace weir::server
