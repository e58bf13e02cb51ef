#include "store/influxd/mapped_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace weir::store::influxd {
namespace {

Error system_error(const std::string& path, const char* verb) {
  return Error{Errc::io, fmt::format("{}: cannot {}: {}", path, verb, std::strerror(errno))};
}

}  // namespace

Result<std::unique_ptr<MappedFile>> MappedFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return system_error(path, "open");
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    Error error = system_error(path, "read");
    ::close(descriptor);
    return error;
  }
  const auto size = static_cast<size_t>(status.st_size);
  const void* data = nullptr;
  if (size > 0) {
    data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (data == MAP_FAILED) {
      Error error = system_error(path, "map");
      ::close(descriptor);
      return error;
    }
  }
  ::close(descriptor);
  return std::unique_ptr<MappedFile>(new MappedFile(path, static_cast<const char*>(data), size));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

Error damage_at(std::string_view path, size_t offset, std::string_view what) {
  return Error{Errc::invalid, fmt::format("{}: offset {}: {}", path, offset, what)};
}

}  // namespace weir::store::influxd
