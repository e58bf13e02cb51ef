// Brings one bucket of a backup into a running server, as a bucket of its own.
//
// Points go the ordinary way, as runs that keep every type and bit (model/point_runs.h), so the
// server's other buckets and their writers are not concerned. A server that is busy is asked again.
// Blocks; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "server/backup/open_backup.h"
#include "server/commands/commands.h"

namespace weir::server {

struct BucketRestoreWanted {
  ServerAccess access;
  std::string from_organization, bucket;  // in the backup
  std::string target;                     // empty: the same name, or one that is not taken yet
};

struct BucketRestored {
  std::string target;
  uint64_t values = 0, dropped = 0;
  std::string reason;  // of what was dropped
};

// Told the values sent, and which share of the bucket's time has been.
using RestoreProgress = std::function<void(uint64_t values, double share)>;

// Errc::conflict when `target` exists. A failure in between leaves a part of the bucket, and says
// so.
Result<BucketRestored> restore_bucket(OpenBackup& backup, const BucketRestoreWanted& wanted,
                                      const RestoreProgress& progress);

}  // namespace weir::server
