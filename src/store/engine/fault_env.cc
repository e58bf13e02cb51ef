#include "store/engine/fault_env.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <cstring>

namespace weir::store::testing {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus status_of(const Error& error) {
  if (error.code == Errc::not_found) return IOStatus::NotFound(error.message);
  if (error.message.find("No space left") != std::string::npos) {
    return IOStatus::NoSpace(error.message);
  }
  return IOStatus::IOError(error.message);
}
IOStatus status_of(const Result<void>& result) {
  return result.ok() ? IOStatus::OK() : status_of(result.error());
}
std::string_view view(const Slice& bytes) { return {bytes.data(), bytes.size()}; }

// RocksDB asks for some directories with a slash at their end.
std::string plain(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// What a file held when it was opened. RocksDB reads no file that it still writes.
class Contents {
 public:
  explicit Contents(std::string bytes) : bytes_(std::move(bytes)) {}
  IOStatus read(uint64_t offset, size_t n, Slice* result, char* scratch) const {
    size_t begin = std::min<size_t>(offset, bytes_.size());
    size_t count = std::min(n, bytes_.size() - begin);
    std::memcpy(scratch, bytes_.data() + begin, count);
    *result = Slice(scratch, count);
    return IOStatus::OK();
  }

 private:
  std::string bytes_;
};

class SequentialFile final : public rocksdb::FSSequentialFile {
 public:
  explicit SequentialFile(std::string bytes) : contents_(std::move(bytes)) {}
  IOStatus Read(size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) override {
    IOStatus status = contents_.read(at_, n, result, scratch);
    at_ += result->size();
    return status;
  }
  IOStatus Skip(uint64_t n) override {
    at_ += n;
    return IOStatus::OK();
  }

 private:
  Contents contents_;
  uint64_t at_ = 0;
};

class RandomAccessFile final : public rocksdb::FSRandomAccessFile {
 public:
  explicit RandomAccessFile(std::string bytes) : contents_(std::move(bytes)) {}
  IOStatus Read(uint64_t offset, size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    return contents_.read(offset, n, result, scratch);
  }

 private:
  Contents contents_;
};

class WrittenFile final : public rocksdb::FSWritableFile {
 public:
  explicit WrittenFile(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    Result<void> appended = file_->append(view(data));
    if (appended.ok()) size_ += data.size();
    return status_of(appended);
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return status_of(file_->close()); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return status_of(file_->sync()); }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return size_; }

 private:
  std::unique_ptr<WritableFile> file_;
  uint64_t size_ = 0;
};

class Directory final : public rocksdb::FSDirectory {
 public:
  Directory(FaultFileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return status_of(files_.sync_directory(path_));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  FaultFileSystem& files_;
  std::string path_;
};

class HeldLock final : public rocksdb::FileLock {
 public:
  explicit HeldLock(std::unique_ptr<weir::FileLock> lock) : lock_(std::move(lock)) {}

 private:
  std::unique_ptr<weir::FileLock> lock_;
};

class FaultyFiles final : public rocksdb::FileSystem {
 public:
  explicit FaultyFiles(FaultFileSystem& files) : files_(files) {}
  const char* Name() const override { return "FaultFileSystem"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* file,
                             IODebugContext*) override {
    Result<std::string> bytes = files_.read(path);
    if (!bytes.ok()) return status_of(bytes.error());
    *file = std::make_unique<SequentialFile>(std::move(*bytes));
    return IOStatus::OK();
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                               IODebugContext*) override {
    Result<std::string> bytes = files_.read(path);
    if (!bytes.ok()) return status_of(bytes.error());
    *file = std::make_unique<RandomAccessFile>(std::move(*bytes));
    return IOStatus::OK();
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           IODebugContext*) override {
    if (files_.exists(path)) {
      if (Result<void> removed = files_.remove(path); !removed.ok()) return status_of(removed);
    }
    Result<std::unique_ptr<WritableFile>> created = files_.create(path);
    if (!created.ok()) return status_of(created.error());
    *file = std::make_unique<WrittenFile>(std::move(*created));
    return IOStatus::OK();
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions&,
                        std::unique_ptr<rocksdb::FSDirectory>* directory,
                        IODebugContext*) override {
    *directory = std::make_unique<Directory>(files_, plain(path));
    return IOStatus::OK();
  }
  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    return files_.exists(path) ? IOStatus::OK() : IOStatus::NotFound();
  }
  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* names,
                       IODebugContext*) override {
    Result<std::vector<std::string>> found = files_.list(plain(path));
    if (!found.ok()) return status_of(found.error());
    *names = std::move(*found);
    return IOStatus::OK();
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return status_of(files_.remove(path));
  }
  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return status_of(files_.create_directories(plain(path)));
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    return status_of(files_.create_directories(plain(path)));
  }
  IOStatus DeleteDir(const std::string&, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, uint64_t* size,
                       IODebugContext*) override {
    Result<std::string> bytes = files_.read(path);
    if (!bytes.ok()) return status_of(bytes.error());
    *size = bytes->size();
    return IOStatus::OK();
  }
  IOStatus GetFileModificationTime(const std::string&, const IOOptions&, uint64_t* time,
                                   IODebugContext*) override {
    *time = 0;
    return IOStatus::OK();
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                      IODebugContext*) override {
    return status_of(files_.rename(from, to));
  }
  IOStatus LockFile(const std::string& path, const IOOptions&, rocksdb::FileLock** lock,
                    IODebugContext*) override {
    Result<std::unique_ptr<weir::FileLock>> held = files_.lock(path);
    if (!held.ok()) return status_of(held.error());
    *lock = new HeldLock(std::move(*held));
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    delete lock;
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions&, std::string*, IODebugContext*) override {
    return IOStatus::NotSupported("a directory for tests");
  }
  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>*,
                     IODebugContext*) override {
    return IOStatus::NotSupported("a log file");
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* absolute,
                           IODebugContext*) override {
    *absolute = path;
    return IOStatus::OK();
  }
  IOStatus GetFreeSpace(const std::string& path, const IOOptions&, uint64_t* bytes,
                        IODebugContext*) override {
    Result<uint64_t> free = files_.free_bytes(path);
    if (!free.ok()) return status_of(free.error());
    *bytes = *free;
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is_directory,
                       IODebugContext*) override {
    *is_directory = !files_.exists(path);  // directories exist by themselves
    return IOStatus::OK();
  }

 private:
  FaultFileSystem& files_;
};

// After a failure RocksDB's threads pause for a second; a test has thousands of failures.
class ImpatientEnv final : public rocksdb::EnvWrapper {
 public:
  explicit ImpatientEnv(const std::shared_ptr<rocksdb::Env>& files) : rocksdb::EnvWrapper(files) {}
  void SleepForMicroseconds(int microseconds) override {
    constexpr int kPauseMax = 1000;
    target()->SleepForMicroseconds(std::min(microseconds, kPauseMax));
  }
};

}  // namespace

std::shared_ptr<rocksdb::Env> make_fault_env(FaultFileSystem& files) {
  return std::make_shared<ImpatientEnv>(
      rocksdb::NewCompositeEnv(std::make_shared<FaultyFiles>(files)));
}

}  // namespace weir::store::testing
