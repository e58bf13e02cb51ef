// `weir restore`: a backup in the place of a data directory, or one bucket of it into a running
// server or a stopped one's directory.
#include <fmt/core.h>

#include "base/time_text.h"
#include "server/backup/bucket_restore.h"
#include "server/backup/restore_directory.h"
#include "server/commands/commands.h"
#include "server/transfer/progress.h"
#include "server/units.h"

namespace weir::server {
namespace {

Result<void> restore_all(const RestoreArguments& arguments) {
  Progress progress("bytes", arguments.quiet);
  uint64_t total = 0;
  if (auto known = read_manifest(arguments.directory); known.ok()) total = known->bytes();
  auto restored = restore_directory(
      {arguments.directory, arguments.data_dir, arguments.replace}, system_file_system(),
      [&](uint64_t bytes) {
        progress.update(bytes,
                        total == 0 ? -1 : static_cast<double>(bytes) / static_cast<double>(total));
      });
  progress.finish();
  if (!restored.ok()) return std::move(restored).error();
  if (!arguments.quiet) {
    progress.say(fmt::format("restored {} as of {} to {} in {}", format_bytes(restored->bytes()),
                             rfc3339(restored->time_ns), arguments.data_dir,
                             spelled_duration(progress.seconds())));
  }
  return {};
}

Result<void> restore_one(const RestoreArguments& arguments, const Environment& environment) {
  Progress progress("values", arguments.quiet);
  WEIR_TRY(const auto backup, OpenBackup::open(arguments.directory));
  const ServerAccess access = complete_access(arguments.access, environment);
  const SystemClock clock;
  std::unique_ptr<RestoreTarget> to;
  if (arguments.data_dir.empty()) {
    to = make_server_target(access);
  } else {
    WEIR_TRY(to, open_stopped_target(arguments.data_dir, access.organization, clock));
  }
  const BucketRestoreWanted wanted{arguments.from_organization, arguments.bucket, arguments.target};
  auto restored = restore_bucket(
      *backup, wanted, *to, [&](uint64_t values, double share) { progress.update(values, share); });
  progress.finish();
  if (!restored.ok()) return std::move(restored).error();
  if (restored->dropped > 0) {
    progress.say(
        fmt::format("left out {} values: {}", grouped(restored->dropped), restored->reason));
  }
  if (!arguments.quiet) {
    progress.say(fmt::format("restored {} values of {} as of {} to bucket {} in {}",
                             grouped(restored->values), arguments.bucket,
                             rfc3339(backup->manifest().time_ns), restored->target,
                             spelled_duration(progress.seconds())));
  }
  return {};
}

Result<void> run(const RestoreArguments& arguments, const Environment& environment) {
  if (arguments.bucket.empty() && arguments.data_dir.empty()) {
    return Error{Errc::empty_value,
                 "wanted --data-dir, to restore everything to a directory that no server uses, or "
                 "--bucket, to restore one bucket into a running server, or both, to restore one "
                 "bucket into the directory of a stopped one"};
  }
  if (!arguments.bucket.empty() && arguments.replace) {
    return Error{Errc::invalid,
                 "--replace is for restoring everything: a bucket comes beside what is there"};
  }
  return arguments.bucket.empty() ? restore_all(arguments) : restore_one(arguments, environment);
}

}  // namespace

int restore_command(const RestoreArguments& arguments, const Environment& environment) {
  const Result<void> done = run(arguments, environment);
  return done.ok() ? 0 : report(done.error());
}

}  // namespace weir::server
