// Puts a whole backup in the place of a data directory that no server uses.
//
// Everything is copied to DATA/restoring and compared with the manifest before anything that is
// there is touched; then it is exchanged by renames. While DATA/restoring exists no weir starts
// there: a restore that was broken off is done again, and what it has not replaced yet is as it
// was. Blocks; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "server/backup/manifest.h"

namespace weir::server {

struct RestoreWanted {
  std::string backup, data_dir;
  bool replace = false;  // what is in data_dir goes
};

// `progress` is told the bytes copied, now and then. Errc::conflict when data_dir holds something
// and is not to be replaced; Errc::invalid for a damaged backup, naming the file; Errc::unavailable
// when a weir uses data_dir.
Result<BackupManifest> restore_directory(const RestoreWanted& wanted, FileSystem& files,
                                         const std::function<void(uint64_t)>& progress);

// Errc::conflict if a restore into it was broken off: for what is about to open it.
Result<void> check_not_restoring(const std::string& data_dir);

}  // namespace weir::server
