// EngineCore: a copy of the store while it runs, which a start takes for its own after a crash.
#include "base/log.h"
#include "base/wal_copy.h"
#include "store/engine/engine_core.h"

namespace weir::store {

// With maintenance_ held no chunk is sealed, rewritten or removed and no segment of the log goes.
// So chunks and catalog are those of one moment, and the log, which is taken after them, holds
// every record that is not in them: what a power cut at that moment would have left. Writers and
// queries do not wait for maintenance_.
Result<uint64_t> EngineCore::backup(const std::string& target) {
  FileSystem& disk = system_file_system();
  WEIR_CHECK(disk.create_directories(target + "/log"));
  WalTail tail;
  uint64_t end_lsn = 0;  // of the log: behind its last record
  {
    std::lock_guard maintenance(maintenance_);
    const int64_t start_ms = clock_.steady_ms();
    WEIR_CHECK(chunks_->checkpoint(target + "/chunks"));
    std::vector<WalSegment> segments = writer_->segments();
    // A full disk may have left the log without a segment.
    end_lsn = segments.empty() ? meta_.log_start_lsn : segments.back().end_lsn;
    WEIR_TRY(tail, link_segments(segments, target + "/log"));
    log::debug("store", "a backup held up sealing for {} ms", clock_.steady_ms() - start_ms);
  }
  WEIR_CHECK(copy_tail(tail));
  return end_lsn - 1;
}

}  // namespace weir::store
