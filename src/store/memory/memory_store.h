// The simplest store that gives the right answers: a sorted map per series. It is the oracle that
// the embedded engine is compared with, and the store of tests that need no disk. Nothing in it
// is persistent; writes complete before write() returns.
#pragma once

#include <memory>

#include "base/clock.h"
#include "store/store.h"

namespace weir::store {

// `clock` decides what is beyond retention, and outlives the store.
std::unique_ptr<Store> make_memory_store(const Clock& clock);

}  // namespace weir::store
