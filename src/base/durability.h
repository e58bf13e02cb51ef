// When is what was written safe: what the store's log and the broker's journal promise.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace weir {

struct Durability {
  enum class Mode : uint8_t {
    sync,      // complete after fdatasync (group commit)
    interval,  // complete after write(); fdatasync every interval_ms
    none,      // complete after write(); the system flushes when it likes
  };
  Mode mode = Mode::sync;
  int64_t interval_ms = 1000;
};
// "sync", "interval:1s", "interval:250ms", "none".
Result<Durability> parse_durability(std::string_view text);

}  // namespace weir
