// Now: the two clocks at the start of a batch of events; one reading serves the whole batch.
#pragma once

#include <cstdint>

namespace weir::mqtt {

struct Now {
  int64_t ms = 0;       // steady: time-outs
  int64_t wall_ns = 0;  // Unix time: stamps and message expiry
};

}  // namespace weir::mqtt
