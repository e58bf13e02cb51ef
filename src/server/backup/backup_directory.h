// Writes a backup's archive, as Stage::send() gives it, into a directory.
//
// The directory appears whole or not at all: files are written and synced in DIRECTORY.part, and
// renamed when each of them has the size and checksum that the manifest tells. What a failure
// leaves is removed; what a crash leaves, by the next backup of that name. Blocks; one thread.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "server/backup/manifest.h"
#include "server/backup/tar.h"

namespace weir::server {

class BackupDirectory {
 public:
  // Errc::conflict if `path` is there and not empty.
  static Result<std::unique_ptr<BackupDirectory>> create(std::string path, FileSystem& files);
  ~BackupDirectory();
  BackupDirectory(const BackupDirectory&) = delete;
  BackupDirectory& operator=(const BackupDirectory&) = delete;

  Result<void> feed(std::string_view bytes) { return reader_.feed(bytes); }
  // After the last byte. The directory is there when this returns ok.
  Result<BackupManifest> finish();

 private:
  BackupDirectory(std::string path, FileSystem& files);
  Result<void> open();
  Result<void> begin_file(const TarEntry& entry);
  Result<void> take(std::string_view bytes);
  Result<void> end_file();
  Result<void> check(const BackupManifest& manifest) const;

  const std::string path_, part_;
  FileSystem& files_;
  std::unique_ptr<FileLock> lock_;
  TarReader reader_;
  std::unique_ptr<WritableFile> file_;  // null: the manifest is coming, or nothing is
  std::vector<BackupFile> written_;
  std::set<std::string> directories_;
  std::string manifest_;
  bool has_manifest_ = false, is_done_ = false;
};

}  // namespace weir::server
