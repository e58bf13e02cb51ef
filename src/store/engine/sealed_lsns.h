// SealedLsns: what the series of one shard group have in chunks already, while the log is replayed:
// the largest LSN of each, once it was looked up.
//
// Pages of neighbours, since every row asks: a million series in one hash table miss the caches
// each time. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "store/engine/log_records.h"

namespace weir::store {

class SealedLsns {
 public:
  static constexpr uint64_t kUnknown = std::numeric_limits<uint64_t>::max();

  // kUnknown until it is set. `id` is of a series that exists.
  uint64_t& of(SeriesId id) {
    const size_t page = id / kPageSeries;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (pages_[page] == nullptr) {
      pages_[page] = std::make_unique<Page>();
      pages_[page]->fill(kUnknown);
    }
    return (*pages_[page])[id % kPageSeries];
  }

 private:
  static constexpr size_t kPageSeries = 256;
  using Page = std::array<uint64_t, kPageSeries>;
  std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace weir::store
