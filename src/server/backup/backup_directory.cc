#include "server/backup/backup_directory.h"

#include <fmt/core.h>

#include <filesystem>

#include "base/crc32c.h"

namespace weir::server {
namespace {

namespace fs = std::filesystem;

// A manifest has some 90 bytes for each file; a store of 100 TB has a million.
constexpr uint64_t kManifestBytesMax = 256 * 1024 * 1024;
constexpr const char* kLock = "/lock";

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string parent_of(const std::string& path) {
  std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

BackupDirectory::BackupDirectory(std::string path, FileSystem& files)
    : path_(without_slash(std::move(path))),
      part_(path_ + ".part"),
      files_(files),
      reader_({[this](const TarEntry& entry) { return begin_file(entry); },
               [this](std::string_view bytes) { return take(bytes); },
               [this] { return end_file(); }}) {}

Result<std::unique_ptr<BackupDirectory>> BackupDirectory::create(std::string path,
                                                                 FileSystem& files) {
  std::unique_ptr<BackupDirectory> made(new BackupDirectory(std::move(path), files));
  WEIR_CHECK(made->open());
  return made;
}

Result<void> BackupDirectory::open() {
  std::error_code failure;
  if (fs::exists(path_, failure) && !fs::is_empty(path_, failure)) {
    return Error{Errc::conflict, fmt::format("{} is there already, and not empty", path_)};
  }
  WEIR_CHECK(files_.create_directories(part_));
  Result<std::unique_ptr<FileLock>> lock = files_.lock(part_ + kLock);
  if (!lock.ok()) {
    if (lock.error().code != Errc::unavailable) return lock.error();
    return Error{Errc::unavailable, fmt::format("another backup to {} is being taken", path_)};
  }
  lock_ = std::move(*lock);
  for (const auto& entry : fs::directory_iterator(part_, failure)) {
    if (part_ + kLock != entry.path().string()) fs::remove_all(entry.path(), failure);
  }
  directories_.insert(part_);
  return {};
}

BackupDirectory::~BackupDirectory() {
  if (is_done_ || lock_ == nullptr) return;
  file_.reset();
  std::error_code ignored;
  fs::remove_all(part_, ignored);
}

Result<void> BackupDirectory::begin_file(const TarEntry& entry) {
  if (has_manifest_) return Error{Errc::invalid, "the backup goes on behind its manifest"};
  if (entry.name == kManifestName) {
    has_manifest_ = true;
    if (entry.bytes <= kManifestBytesMax) return {};
    return Error{Errc::too_large, fmt::format("{} is too large", kManifestName)};
  }
  if (!is_inner_name(entry.name)) {
    return Error{Errc::invalid,
                 fmt::format("the backup holds `{}`, wanted names within it", entry.name)};
  }
  const std::string path = part_ + "/" + entry.name;
  for (std::string parent = parent_of(path); directories_.insert(parent).second;
       parent = parent_of(parent)) {
    WEIR_CHECK(files_.create_directories(parent));
  }
  WEIR_TRY(file_, files_.create(path));
  written_.push_back({entry.name, 0, 0});
  return {};
}

Result<void> BackupDirectory::take(std::string_view bytes) {
  if (has_manifest_) {
    manifest_ += bytes;
    return {};
  }
  written_.back().bytes += bytes.size();
  written_.back().crc32c = crc32c(bytes, written_.back().crc32c);
  return file_->append(bytes);
}

Result<void> BackupDirectory::end_file() {
  if (has_manifest_) return {};
  const std::unique_ptr<WritableFile> file = std::move(file_);
  WEIR_CHECK(file->sync());
  return file->close();
}

Result<void> BackupDirectory::check(const BackupManifest& manifest) const {
  for (size_t i = 0; i < manifest.files.size(); i++) {
    const BackupFile& told = manifest.files[i];
    if (i < written_.size() && written_[i] == told) continue;
    return Error{Errc::io,
                 fmt::format("the backup arrived damaged: {} is not what it was", told.name)};
  }
  if (written_.size() == manifest.files.size()) return {};
  return Error{Errc::io, "the backup arrived damaged: it holds more than its manifest tells"};
}

Result<BackupManifest> BackupDirectory::finish() {
  WEIR_CHECK(reader_.finish());
  if (!has_manifest_) {
    return Error{Errc::io, fmt::format("the backup arrived without its {}", kManifestName)};
  }
  WEIR_TRY(BackupManifest manifest, parse_manifest(manifest_));
  WEIR_CHECK(check(manifest));
  WEIR_TRY(std::unique_ptr<WritableFile> file, files_.create(part_ + "/" + kManifestName));
  WEIR_CHECK(file->append(manifest_));
  WEIR_CHECK(file->sync());
  WEIR_CHECK(file->close());
  for (const std::string& directory : directories_) WEIR_CHECK(files_.sync_directory(directory));
  WEIR_CHECK(files_.rename(part_, path_));
  is_done_ = true;
  (void)files_.remove(path_ + kLock);  // an empty file that means nothing there
  WEIR_CHECK(files_.sync_directory(parent_of(path_)));
  return manifest;
}

}  // namespace weir::server
