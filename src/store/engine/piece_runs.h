// The values of frozen pieces as runs, field by field: what is sealed into chunks.
#pragma once

#include <vector>

#include "store/engine/chunk_writer.h"
#include "store/engine/head.h"

namespace weir::store {

// All values of pieces given oldest first, the newest of each time; without empty runs.
std::vector<NamedRun> runs_of(const std::vector<Piece>& pieces);

}  // namespace weir::store
