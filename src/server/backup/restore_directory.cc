#include "server/backup/restore_directory.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <vector>

#include "base/crc32c.h"
#include "base/disk_files.h"

namespace weir::server {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRestoring = "restoring";
constexpr const char* kReplaced = "replaced";  // what was there, until it is removed
// What is weir's in a data directory. SQLite's logs go with their file.
constexpr const char* kParts[] = {"store",           "broker",          "weir.sqlite",
                                  "weir.sqlite-wal", "weir.sqlite-shm", kManifestName};

class Restore {
 public:
  Restore(const RestoreWanted& wanted, FileSystem& files,
          const std::function<void(uint64_t)>& progress)
      : wanted_(wanted), files_(files), progress_(progress) {}

  Result<BackupManifest> run() {
    WEIR_TRY(const BackupManifest manifest, read_manifest(wanted_.backup));
    WEIR_CHECK(check_target());
    WEIR_CHECK(files_.create_directories(target("")));
    WEIR_CHECK(lock_target());
    WEIR_CHECK(remove(kReplaced));
    WEIR_CHECK(remove(kRestoring));
    Result<void> copied = copy_all(manifest);
    if (!copied.ok()) {
      (void)remove(kRestoring);  // what is there is as it was
      return std::move(copied).error();
    }
    WEIR_CHECK(exchange());
    return manifest;
  }

 private:
  std::string target(const std::string& name) const { return wanted_.data_dir + "/" + name; }
  std::string restoring(const std::string& name) const { return target(kRestoring) + "/" + name; }

  Result<void> remove(const std::string& name) const {
    std::error_code failure;
    fs::remove_all(target(name), failure);
    if (!failure) return {};
    return Error{Errc::io, fmt::format("cannot remove {}: {}", target(name), failure.message())};
  }

  Result<void> check_target() const {
    if (wanted_.replace) return {};
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(wanted_.data_dir, failure)) {
      const std::string name = entry.path().filename().string();
      if (name == kRestoring || name == "lost+found") continue;
      return Error{
          Errc::conflict,
          fmt::format("{} is not empty (it has {}): give --replace to remove what is there",
                      wanted_.data_dir, name)};
    }
    return {};
  }

  // So that no server runs, nor starts, there.
  Result<void> lock_target() {
    for (const char* part : {"store", "broker"}) {
      if (!files_.exists(target(part))) continue;
      Result<std::unique_ptr<FileLock>> lock = files_.lock(target(part) + "/lock");
      if (!lock.ok()) {
        if (lock.error().code != Errc::unavailable) return lock.error();
        return Error{Errc::unavailable,
                     fmt::format("a running weir uses {}: stop it first", wanted_.data_dir)};
      }
      locks_.push_back(std::move(*lock));
    }
    return {};
  }

  Result<void> copy_all(const BackupManifest& manifest) {
    std::set<std::string> directories = {target(kRestoring)};
    WEIR_CHECK(files_.create_directories(target(kRestoring)));
    WEIR_CHECK(files_.sync_directory(wanted_.data_dir));
    for (const BackupFile& file : manifest.files) {
      const std::string part = file.name.substr(0, file.name.find('/'));
      if (std::find(std::begin(kParts), std::end(kParts), part) == std::end(kParts)) {
        return Error{Errc::invalid,
                     fmt::format("the backup {} holds {}, which is nothing of weir's",
                                 wanted_.backup, file.name)};
      }
      const std::string path = restoring(file.name);
      for (std::string parent = fs::path(path).parent_path().string();
           directories.insert(parent).second; parent = fs::path(parent).parent_path().string()) {
        WEIR_CHECK(files_.create_directories(parent));
      }
      WEIR_CHECK(copy(file, path));
    }
    for (const std::string& directory : directories) WEIR_CHECK(files_.sync_directory(directory));
    return {};
  }

  Result<void> copy(const BackupFile& file, const std::string& path) {
    WEIR_TRY(std::unique_ptr<WritableFile> copy, files_.create(path));
    BackupFile read{file.name, 0, 0};
    WEIR_CHECK(read_in_blocks(wanted_.backup + "/" + file.name, [&](std::string_view block) {
      read.bytes += block.size();
      read.crc32c = crc32c(block, read.crc32c);
      bytes_ += block.size();
      progress_(bytes_);
      return copy->append(block);
    }));
    if (read != file) {
      return Error{Errc::invalid,
                   fmt::format("the backup {} is damaged: the checksum of {} is {:08x}, wanted "
                               "{:08x}; nothing was restored",
                               wanted_.backup, file.name, read.crc32c, file.crc32c)};
    }
    WEIR_CHECK(copy->sync());
    return copy->close();
  }

  // The last rename ends it: before that no weir starts here.
  Result<void> exchange() {
    std::vector<std::string> restored;
    for (const char* part : kParts) {
      if (files_.exists(restoring(part))) restored.emplace_back(part);
    }
    WEIR_CHECK(files_.create_directories(restoring(kReplaced)));
    for (const char* part : kParts) {
      if (!files_.exists(target(part))) continue;
      WEIR_CHECK(files_.rename(target(part), restoring(kReplaced) + "/" + part));
    }
    for (const std::string& part : restored) {
      WEIR_CHECK(files_.rename(restoring(part), target(part)));
    }
    WEIR_CHECK(files_.sync_directory(wanted_.data_dir));
    WEIR_CHECK(files_.rename(target(kRestoring), target(kReplaced)));
    WEIR_CHECK(files_.sync_directory(wanted_.data_dir));
    return remove(kReplaced);
  }

  const RestoreWanted& wanted_;
  FileSystem& files_;
  const std::function<void(uint64_t)>& progress_;
  std::vector<std::unique_ptr<FileLock>> locks_;
  uint64_t bytes_ = 0;
};

}  // namespace

Result<BackupManifest> restore_directory(const RestoreWanted& wanted, FileSystem& files,
                                         const std::function<void(uint64_t)>& progress) {
  return Restore(wanted, files, progress).run();
}

Result<void> check_not_restoring(const std::string& data_dir) {
  if (!system_file_system().exists(data_dir + "/" + kRestoring)) return {};
  return Error{Errc::conflict,
               fmt::format("a restore into {} was broken off: run `weir restore` again, with "
                           "--replace",
                           data_dir)};
}

}  // namespace weir::server
