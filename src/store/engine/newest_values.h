// The newest value of each field of one series in a scan's range, from what memory has of it: the
// newest values of its chunks (last_values.h) and its rows in the head. Pure function, any thread.
#pragma once

#include <span>
#include <vector>

#include "store/engine/last_values.h"
#include "store/engine/series_source.h"

namespace weir::store {

// What a scan takes of a series' newest values when it begins.
struct FrozenNewest {
  bool is_known = false;
  std::vector<LastValues::Cell> cells;  // if it is
  // Otherwise the groups in which it has data, by start, and what to say that it was learned by;
  // ticket 0: it need not be.
  std::vector<int64_t> groups;
  uint32_t ticket = 0;
};

struct NewestValue {
  LayoutField field;
  int64_t time_ns = 0;
  uint64_t bits = 0;     // a text's address, in the head
  bool is_told = false;  // false: only the chunks can tell it
};

// Of the fields that may have a value in [start, stop], both inclusive. `heads` oldest first.
std::vector<NewestValue> newest_values(std::span<const LastValues::Cell> cells,
                                       std::span<const HeadView> heads, int64_t start_ns,
                                       int64_t stop_ns);

}  // namespace weir::store
