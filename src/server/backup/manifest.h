// What a backup holds: backup.json, written last, so that a directory without it is no backup.
//
// Every other file is listed with its size and checksum; the manifest has a checksum of its own.
// Pure but for read_manifest(), which blocks; any thread. Format: docs/format.md#backups.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::server {

inline constexpr const char* kManifestName = "backup.json";
inline constexpr int64_t kBackupFormat = 1;

struct BackupFile {
  std::string name;  // within the backup: "store/log/00000000000000000057.log"
  uint64_t bytes = 0;
  uint32_t crc32c = 0;
  bool operator==(const BackupFile&) const = default;
};

struct BackupManifest {
  std::string weir;     // the version that made it
  int64_t time_ns = 0;  // when it was begun: what was acknowledged before is in it
  uint64_t lsn = 0;     // the last in the store's log
  std::vector<BackupFile> files;

  uint64_t bytes() const;  // of all files
};

std::string to_json(const BackupManifest& manifest);
// Errc::invalid says what is wrong: damaged, a later format, a name that leads elsewhere.
Result<BackupManifest> parse_manifest(std::string_view text);
// That of a backup, whose files are there with the right sizes. Errors name the directory.
Result<BackupManifest> read_manifest(const std::string& directory);

// Whether a name stays within the directory it is put into: "a/b", not "../b", "/b" or "a//b".
bool is_inner_name(std::string_view name);

}  // namespace weir::server
