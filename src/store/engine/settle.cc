// EngineCore: coming to rest. A shard group that nobody writes to is sealed, however few its rows,
// and the log's space is given back, so that what the disk holds is what the data is worth.
#include <array>
#include <bit>

#include "store/engine/engine_core.h"

namespace weir::store {

bool EngineCore::freeze_idle(int64_t now_ms) {
  bool any = false;
  for (const BucketPtr& bucket : all_buckets()) {
    std::lock_guard lock(bucket->head.mutex());
    any |= bucket->head.freeze_idle(now_ms);
  }
  return any;
}

// After a checkpoint: when no record is needed any more, a new segment takes the place of the old.
Result<void> EngineCore::release_log() {
  WEIR_CHECK(log_->run([this]() -> Result<void> {
    return meta_.log_start_lsn > log_->applied_lsn() ? writer_->rotate() : Result<void>();
  }));
  return remove_old_log();
}

// The size from which on active pieces have `bytes` together; 0 if all of them have less.
size_t EngineCore::piece_bytes_that_free(uint64_t bytes) const {
  std::array<uint64_t, 64> by_width{};  // bytes of pieces from 2^i to 2^(i+1) bytes
  for (const BucketPtr& bucket : all_buckets()) {
    std::lock_guard lock(bucket->head.mutex());
    bucket->head.visit_active([&](const Piece& piece) {
      by_width[static_cast<size_t>(std::bit_width(piece.bytes() | 1) - 1)] += piece.bytes();
    });
  }
  uint64_t sum = 0;
  for (size_t width = by_width.size(); width-- > 0;) {
    sum += by_width[width];
    if (sum >= bytes) return size_t(1) << width;
  }
  return 0;
}

}  // namespace weir::store
