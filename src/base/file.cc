#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/descriptor.h"

namespace weir {
namespace {

Error system_error(std::string_view action, const std::string& path, int code = errno) {
  Errc kind = code == ENOENT ? Errc::not_found : code == EEXIST ? Errc::conflict : Errc::io;
  return {kind, fmt::format("cannot {} {}: {}", action, path, std::strerror(code))};
}

class SystemWritableFile final : public WritableFile {
 public:
  SystemWritableFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  Result<void> append(std::string_view bytes) override {
    while (!bytes.empty()) {
      ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return system_error("write", path_);
      }
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return {};
  }

  Result<void> sync() override {
    if (::fdatasync(fd_.get()) != 0) return system_error("sync", path_);
    return {};
  }

  Result<void> preallocate(uint64_t bytes) override {
    // Not every file system can (tmpfs can, some network ones cannot); then appends simply grow.
    if (::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(bytes)) != 0 &&
        errno != EOPNOTSUPP) {
      return system_error("reserve space for", path_);
    }
    return {};
  }

  Result<void> close() override {
    int fd = fd_.release();
    if (fd >= 0 && ::close(fd) != 0) return system_error("close", path_);
    return {};
  }

 private:
  Descriptor fd_;
  std::string path_;
};

class SystemFileLock final : public FileLock {
 public:
  explicit SystemFileLock(int fd) : fd_(fd) {}

 private:
  Descriptor fd_;
};

class SystemFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    Descriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
    if (fd.get() < 0) return system_error("open", path);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return system_error("lock", path);
      return Error{Errc::unavailable,
                   fmt::format("cannot lock {}: another process holds it", path)};
    }
    return std::unique_ptr<FileLock>(std::make_unique<SystemFileLock>(fd.release()));
  }

  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override {
    Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    if (fd.get() < 0) return system_error("create", path);
    return std::unique_ptr<WritableFile>(std::make_unique<SystemWritableFile>(fd.release(), path));
  }

  Result<std::string> read(const std::string& path) override {
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return system_error("open", path);
    struct stat status = {};
    if (::fstat(fd.get(), &status) != 0) return system_error("examine", path);
    std::string bytes(static_cast<size_t>(status.st_size), '\0');
    size_t filled = 0;
    while (filled < bytes.size()) {
      ssize_t got = ::read(fd.get(), bytes.data() + filled, bytes.size() - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_error("read", path);
      if (got == 0) break;  // it shrank meanwhile
      filled += static_cast<size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return system_error("rename", from);
    return {};
  }

  Result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return system_error("remove", path);
    return {};
  }

  Result<void> truncate(const std::string& path, uint64_t size) override {
    Descriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (fd.get() < 0) return system_error("open", path);
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return system_error("cut", path);
    if (::fsync(fd.get()) != 0) return system_error("sync", path);
    return {};
  }

  Result<void> create_directories(const std::string& path) override {
    std::error_code failure;
    std::filesystem::create_directories(path, failure);
    if (failure) return system_error("create directory", path, failure.value());
    return {};
  }

  Result<void> sync_directory(const std::string& path) override {
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0) return system_error("open", path);
    if (::fsync(fd.get()) != 0) return system_error("sync", path);
    return {};
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return system_error("list", path);
    std::vector<std::string> names;
    while (dirent* entry = ::readdir(directory)) {
      std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(std::move(name));
    }
    ::closedir(directory);
    std::sort(names.begin(), names.end());
    return names;
  }

  bool exists(const std::string& path) override { return ::access(path.c_str(), F_OK) == 0; }

  Result<uint64_t> free_bytes(const std::string& path) override {
    struct statvfs status = {};
    if (::statvfs(path.c_str(), &status) != 0) return system_error("examine", path);
    return uint64_t(status.f_bavail) * status.f_frsize;
  }
};

}  // namespace

FileSystem& system_file_system() {
  static SystemFileSystem files;
  return files;
}

}  // namespace weir
