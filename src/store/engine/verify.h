// Reads all of a store and compares its parts: log, chunks, catalog.
//
// Whatever is wrong is told, and the rest is read on: one damaged block hides only its own points.
// Nothing is changed. The directory is locked meanwhile, so that no process writes to it; a running
// server verifies a hard-linked copy of its own (EngineCore::backup). Everything is read once or
// twice, in the order of the files. Blocks; any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/result.h"

namespace weir::store {

// One thing that is wrong.
struct Damage {
  std::string file;                // within the store: "log/00000000000000000057.log"
  std::optional<uint64_t> offset;  // in the file, where it is known
  std::string what;
  std::string points;  // whose they are: "bucket 0000000000001234: room,floor=1"; empty: not known
  std::optional<int64_t> first_time_ns, last_time_ns;
  std::string remedy;
  // A tail that was being written when the machine stopped looks like this as well; the next start
  // cuts it, and nothing that was acknowledged as synced is lost.
  bool may_be_torn = false;
};

struct VerifyProgress {
  uint64_t done_bytes = 0, total_bytes = 0;
};

struct VerifyWatch {
  std::function<void(const Damage&)> damage;
  std::function<void(const VerifyProgress&)> progress = nullptr;  // now and then; may be empty
  const std::atomic<bool>* canceled = nullptr;  // ends early with Errc::unavailable
};

struct VerifyTotals {
  uint64_t log_segments = 0, log_records = 0, tables = 0, chunks = 0, rows = 0, bytes = 0;
};

// `directory` is the store's: log/ and chunks/. Fails when it cannot be looked at at all; what is
// damaged is no failure.
Result<VerifyTotals> verify(const std::string& directory, FileSystem& files,
                            const VerifyWatch& watch);

}  // namespace weir::store
