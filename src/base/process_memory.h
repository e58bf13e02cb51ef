// What this process takes of the machine's memory, as the system tells it.
//
// Costs a read of one small file; walking the heap would hold up whoever asks. Any thread.
#pragma once

#include <cstdint>

namespace weir {

// In memory now; 0 where the system does not tell.
uint64_t resident_bytes();

}  // namespace weir
