// Brings one bucket of a backup into a running server, or into the data directory of one that is
// stopped, as a bucket of its own.
//
// Points go the ordinary way, as runs that keep every type and bit (model/point_runs.h), so that
// other buckets and their writers are not concerned. A server that is busy is asked again.
// Blocks; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "base/result.h"
#include "server/backup/open_backup.h"
#include "server/commands/commands.h"
#include "server/transfer/target_buckets.h"

namespace weir::server {

struct RestoreCounts {
  uint64_t stored = 0, dropped = 0;
  std::string reason;  // of what was dropped
};

// Where a bucket goes.
class RestoreTarget {
 public:
  virtual ~RestoreTarget() = default;
  virtual std::string describe() const = 0;  // its URL or directory
  virtual Result<std::set<std::string>> names() = 0;
  // The bucket that what follows goes to.
  virtual Result<void> create(const TargetBucket& bucket) = 0;
  virtual Result<RestoreCounts> store(std::string runs) = 0;
  virtual Result<void> finish() = 0;
};
std::unique_ptr<RestoreTarget> make_server_target(ServerAccess access);
// Errc::unavailable when a weir uses the directory. An empty organization: the only one there is.
Result<std::unique_ptr<RestoreTarget>> open_stopped_target(const std::string& data_dir,
                                                           const std::string& organization,
                                                           const Clock& clock);

struct BucketRestoreWanted {
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
                                      RestoreTarget& to, const RestoreProgress& progress);

}  // namespace weir::server
