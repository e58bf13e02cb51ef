#include "base/disk_files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/crc32c.h"
#include "base/descriptor.h"

namespace weir {
namespace {

constexpr size_t kBlockBytes = 1024 * 1024;  // large enough for a disk's full speed

Error failure(std::string_view what, const std::string& path, int error) {
  return {error == ENOENT ? Errc::not_found : Errc::io,
          fmt::format("cannot {} {}: {}", what, path, std::strerror(error))};
}

// read() as long as signals interrupt it.
ssize_t read_some(int fd, char* into, size_t bytes) {
  ssize_t got = ::read(fd, into, bytes);
  while (got < 0 && errno == EINTR) got = ::read(fd, into, bytes);
  return got;
}

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return failure("write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

// How many of the wanted bytes the kernel copied by itself; the rest is for read and write.
uint64_t copy_in_kernel(int from, int to, uint64_t bytes) {
  uint64_t copied = 0;
  while (copied < bytes) {
    auto wanted = static_cast<size_t>(std::min<uint64_t>(bytes - copied, 1u << 30));
    ssize_t got = ::copy_file_range(from, nullptr, to, nullptr, wanted, 0);
    if (got <= 0) break;
    copied += static_cast<uint64_t>(got);
  }
  return copied;
}

}  // namespace

Result<void> read_in_blocks(const std::string& path,
                            const std::function<Result<void>(std::string_view)>& visit) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return failure("open", path, errno);
  (void)::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  std::string block(kBlockBytes, '\0');
  while (true) {
    ssize_t got = read_some(file.get(), block.data(), block.size());
    if (got < 0) return failure("read", path, errno);
    if (got == 0) return {};
    WEIR_CHECK(visit(std::string_view(block.data(), static_cast<size_t>(got))));
  }
}

Result<uint32_t> crc32c_of_file(const std::string& path) {
  uint32_t crc = 0;
  WEIR_CHECK(read_in_blocks(path, [&](std::string_view bytes) -> Result<void> {
    crc = crc32c(bytes, crc);
    return {};
  }));
  return crc;
}

Result<uint64_t> bytes_of_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return failure("look at", path, errno);
  return static_cast<uint64_t>(status.st_size);
}

Result<void> copy_front(const std::string& from, const std::string& to, uint64_t bytes) {
  Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.is_open()) return failure("open", from, errno);
  struct stat status {};
  if (::fstat(source.get(), &status) != 0) return failure("look at", from, errno);
  bytes = std::min(bytes, static_cast<uint64_t>(status.st_size));
  Descriptor target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!target.is_open()) return failure("create", to, errno);
  uint64_t left = bytes - copy_in_kernel(source.get(), target.get(), bytes);
  std::string block(std::min<uint64_t>(left, kBlockBytes), '\0');
  while (left > 0) {
    ssize_t got = read_some(source.get(), block.data(), std::min<uint64_t>(left, block.size()));
    if (got < 0) return failure("read", from, errno);
    if (got == 0) return Error{Errc::io, fmt::format("{} became shorter while it was read", from)};
    WEIR_CHECK(write_all(target.get(), {block.data(), static_cast<size_t>(got)}, to));
    left -= static_cast<uint64_t>(got);
  }
  if (::fsync(target.get()) != 0) return failure("sync", to, errno);
  return {};
}

Result<void> link_or_copy(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  // Another file system, one without links, or too many of them.
  if (errno == EXDEV || errno == EPERM || errno == EMLINK || errno == ENOTSUP) {
    return copy_front(from, to, UINT64_MAX);
  }
  return failure("link", from, errno);
}

}  // namespace weir
