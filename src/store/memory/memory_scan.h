// Scans of the memory store: the whole answer is computed at once, value by value.
#pragma once

#include "store/memory/memory_series.h"

namespace weir::store::memory {

Result<std::unique_ptr<ScanCursor>> scan(const Bucket& bucket, const ScanSpec& spec);

Cardinality cardinality(const Bucket& bucket, size_t most);

}  // namespace weir::store::memory
