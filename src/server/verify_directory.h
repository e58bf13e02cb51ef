// Verifies all of a data directory, or of a backup: store, broker's journal, metadata.
//
// Used by `weir verify`. Nobody may have it open. Nothing is changed. Blocks; any thread.
#pragma once

#include <string>

#include "base/file.h"
#include "base/result.h"
#include "store/engine/verify.h"

namespace weir::server {

struct DirectoryTotals {
  store::VerifyTotals store;
  uint64_t journal_segments = 0, journal_records = 0;
};

// Tells each damage with its file below `directory`. Fails when there is nothing to look at, or a
// running weir uses it.
Result<DirectoryTotals> verify_directory(const std::string& directory, FileSystem& files,
                                         const store::VerifyWatch& watch);

// "store/log/0..57.log at offset 12: a record's checksum is wrong", and lines with points, times
// and what to do.
std::string to_text(const store::Damage& damage);

}  // namespace weir::server
