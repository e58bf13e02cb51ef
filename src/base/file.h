// Files, behind an interface that tests can break.
//
// Everything weir itself writes to disk (log segments, markers) goes through a FileSystem; only
// RocksDB and SQLite bring their own. SystemFileSystem is the real one. FaultFileSystem
// (base/fault_file_system.h) forgets unsynced bytes, tears tails and fails the n-th call.
//
// Durability contract: bytes appended survive a crash of the process at once, and a crash of the
// machine after sync() returned ok. A new file's name survives after sync_directory(). After a
// failed sync the tail is unknown: the caller must not acknowledge, nor sync again and believe it.
// Errors carry Errc::io and name the path and the system's reason. Threads: a FileSystem from any;
// one File from one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir {

class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Result<void> append(std::string_view bytes) = 0;
  virtual Result<void> sync() = 0;
  // Reserves space so that later syncs write no metadata; the size reported stays as appended.
  virtual Result<void> preallocate(uint64_t bytes) = 0;
  virtual Result<void> close() = 0;
};

// Held as long as the object lives; the system releases it when the process ends.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // Makes the caller the only holder of the (created) file, or fails with Errc::unavailable.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  // Creates the file, or fails if it exists.
  virtual Result<std::unique_ptr<WritableFile>> create(const std::string& path) = 0;
  virtual Result<std::string> read(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  virtual Result<void> truncate(const std::string& path, uint64_t size) = 0;
  virtual Result<void> create_directories(const std::string& path) = 0;
  virtual Result<void> sync_directory(const std::string& path) = 0;
  // Names (not paths) in a directory, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
  virtual Result<uint64_t> free_bytes(const std::string& path) = 0;
};

// The process's real file system; lives for the whole program.
FileSystem& system_file_system();

}  // namespace weir
